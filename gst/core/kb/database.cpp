// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/kb/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <optional>

namespace crlsc {
namespace {

// Longer than any commit of a writer takes; a disk that takes longer is as good as gone.
constexpr int kBusyTimeout = 5000;  // ms
constexpr int kStepsBetweenChecks = 1000;
constexpr int64_t kFewestSteps = 20'000'000;  // a fraction of a second
constexpr int64_t kStepsPerByte = 8;
constexpr int kLargestRow = 24 << 20;  // codebooks of 2048 dimensions with a square matrix
constexpr size_t kFileHeader = 100;

// SQLite takes ":memory:" and "file:..." for something else than names of files.
std::string as_file_name(const std::string& path) { return path.compare(0, 1, "/") == 0 ? path : "./" + path; }

int count_steps(void* steps_left) {
  auto& left = *static_cast<int64_t*>(steps_left);
  left -= kStepsBetweenChecks;
  return left < 0 ? 1 : 0;
}

struct Meaning {
  ErrorKind kind;
  std::string what;
};

Meaning meaning(int code, bool writing, const std::string& detail, int system_error) {
  const ErrorKind usual = writing ? ErrorKind::kWrite : ErrorKind::kRead;
  const std::string reason = system_error != 0 ? std::strerror(system_error) : detail;
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {usual, "another process has been using it for longer than " + std::to_string(kBusyTimeout / 1000) +
                         " s; try again"};
    case SQLITE_FULL:
      return {ErrorKind::kWrite,
              "there is no room left (" + reason + "); it is as it was before. Make room, try again"};
    case SQLITE_READONLY:
      if (code == SQLITE_READONLY_ROLLBACK) {
        return {ErrorKind::kRead, "its last writer was stopped half-way; whoever may write it has to open it once"};
      }
      return {ErrorKind::kWrite, "it is read-only; check the permissions of file and folder"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {usual, reason + "; check the permissions of file and folder"};
    case SQLITE_IOERR:
      return {usual, "input or output failed (" + reason + "); it is as it was before. Check disk and quota"};
    case SQLITE_INTERRUPT:
      return {ErrorKind::kRead, "it is damaged (it takes more steps than its size allows); take an intact copy"};
    default:
      return {ErrorKind::kRead, "it is damaged (" + detail + "); take an intact copy"};
  }
}

bool is_failure(int code) { return code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE; }

void apply_limits(sqlite3* connection) {
  constexpr struct {
    int limit;
    int value;
  } kLimits[] = {
      {SQLITE_LIMIT_LENGTH, kLargestRow}, {SQLITE_LIMIT_SQL_LENGTH, 4096},        {SQLITE_LIMIT_COLUMN, 32},
      {SQLITE_LIMIT_EXPR_DEPTH, 20},      {SQLITE_LIMIT_COMPOUND_SELECT, 2},      {SQLITE_LIMIT_FUNCTION_ARG, 4},
      {SQLITE_LIMIT_ATTACHED, 0},         {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 16}, {SQLITE_LIMIT_VARIABLE_NUMBER, 16},
      {SQLITE_LIMIT_TRIGGER_DEPTH, 0},    {SQLITE_LIMIT_WORKER_THREADS, 0}};
  for (const auto& [limit, value] : kLimits) sqlite3_limit(connection, limit, value);
}

void switch_off(sqlite3* connection) {
  for (const int option : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
                           SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
                           SQLITE_DBCONFIG_WRITABLE_SCHEMA, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML}) {
    sqlite3_db_config(connection, option, 0, nullptr);
  }
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
}

uint32_t big_endian(const uint8_t* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

Statement::Statement(Database& database, const char* sql) : database_(&database) {
  database.grant_steps();
  const int code = sqlite3_prepare_v2(database.connection_.get(), sql, -1, &statement_, nullptr);
  if (code != SQLITE_OK) database.fail(code);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::integer(int64_t value) {
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Statement& Statement::blob(ByteView value) {
  // Without a pointer SQLite binds NULL.
  static constexpr uint8_t kNothing = 0;
  const void* data = value.empty() ? &kNothing : value.data();
  const int code = sqlite3_bind_blob64(statement_, ++bound_, data, value.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) database_->fail(code);
  return *this;
}

Statement& Statement::text(const std::string& value) {
  const int code = sqlite3_bind_text64(statement_, ++bound_, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) database_->fail(code);
  return *this;
}

bool Statement::step() {
  if (sqlite3_stmt_busy(statement_) == 0) database_->grant_steps();
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  sqlite3_reset(statement_);
  bound_ = 0;
  if (is_failure(code)) database_->fail(code);
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::bad_value(int column, const std::string& what) const {
  throw Error(ErrorKind::kRead, "cannot read '" + database_->path() + "': its column '" +
                                    sqlite3_column_name(statement_, column) + "' " + what + "; take an intact copy");
}

int64_t Statement::integer_at(int column, int64_t least, int64_t greatest) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER) bad_value(column, "holds no integer");
  const int64_t value = sqlite3_column_int64(statement_, column);
  if (value < least || value > greatest) bad_value(column, "is " + std::to_string(value) + ", which is out of range");
  return value;
}

ByteView Statement::blob_at(int column, size_t max_size) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_BLOB) bad_value(column, "holds no bytes");
  const void* data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  if (size > max_size) bad_value(column, "holds " + std::to_string(size) + " bytes, too many");
  return {static_cast<const uint8_t*>(data), data == nullptr ? 0 : size};
}

std::string Statement::text_at(int column, size_t max_size) const {
  if (sqlite3_column_type(statement_, column) != SQLITE_TEXT) bad_value(column, "holds no text");
  const unsigned char* data = sqlite3_column_text(statement_, column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  if (data == nullptr || size > max_size) bad_value(column, "holds " + std::to_string(size) + " bytes, too many");
  return {reinterpret_cast<const char*>(data), size};
}

void Database::Closer::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Database::Database(const std::string& path, Access access)
    : Database(path, access, access == Access::kWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) {
  check_file();
}

Database::Database(std::string path, Access access, int flags) : path_(std::move(path)), access_(access) {
  struct stat status {};
  const bool create = (flags & SQLITE_OPEN_CREATE) != 0;
  if (!create && ::stat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw Error(ErrorKind::kNotFound, "no such file: '" + path_ + "'");
    throw Error(ErrorKind::kRead, "cannot read '" + path_ + "': " + std::strerror(errno));
  }
  // Opening a FIFO would wait for its writer.
  if (!create && !S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::kRead, "cannot read '" + path_ + "': it is not a regular file");
  }
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(as_file_name(path_).c_str(), &connection, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  connection_.reset(connection);
  if (connection == nullptr) throw std::bad_alloc();
  if (code != SQLITE_OK) fail(code);
  measure();
  harden();
}

std::unique_ptr<Database> Database::create(const std::string& path, const Identity& identity) {
  std::unique_ptr<Database> database(
      new Database(path, Access::kWrite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE));
  database->run("PRAGMA page_size = 4096");
  database->run("PRAGMA auto_vacuum = NONE");
  database->run("PRAGMA encoding = 'UTF-8'");
  database->run(("PRAGMA application_id = " + std::to_string(identity.application_id)).c_str());
  database->run(("PRAGMA user_version = " + std::to_string(identity.user_version)).c_str());
  return database;
}

Database::~Database() = default;

void Database::harden() {
  sqlite3* connection = connection_.get();
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kBusyTimeout);
  sqlite3_progress_handler(connection, kStepsBetweenChecks, count_steps, &steps_left_);
  apply_limits(connection);
  switch_off(connection);
  run("PRAGMA cell_size_check = ON");
  run("PRAGMA mmap_size = 0");  // a file cut short by somebody else would end the process
  run("PRAGMA temp_store = MEMORY");
  if (access_ == Access::kRead) run("PRAGMA query_only = ON");
}

// Through SQLite's own descriptor: closing another one would drop the locks that this process holds on the file.
void Database::check_file() {
  identity();
  if (access_ == Access::kRead) return;
  if (sqlite3_db_readonly(connection_.get(), "main") != 0) fail(SQLITE_READONLY);
  run("PRAGMA journal_mode = DELETE");
  run("PRAGMA synchronous = EXTRA");
  run("PRAGMA secure_delete = ON");
}

Database::Identity Database::identity() const {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  uint8_t header[kFileHeader] = {};
  const int code = file->pMethods->xRead(file, header, sizeof(header), 0);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) fail(code);
  if (code == SQLITE_IOERR_SHORT_READ || std::memcmp(header, "SQLite format 3", 16) != 0) {
    throw Error(ErrorKind::kWrongType, "'" + path_ + "' is no SQLite database, or cut short");
  }
  // 18, 19: versions of the format for writing and reading, 2 with a write-ahead log; 56: 1 is UTF-8.
  if (header[18] != 1 || header[19] != 1 || big_endian(header + 56) != 1) {
    throw Error(ErrorKind::kWrongType, "'" + path_ + "' is an SQLite database with a write-ahead log or not in UTF-8");
  }
  return {big_endian(header + 68), big_endian(header + 60)};
}

void Database::run(const char* sql) { Statement(*this, sql).run(); }

int Database::try_begin_read() {
  run("BEGIN");
  grant_steps();
  // Takes the lock and reads the schema.
  return sqlite3_exec(connection_.get(), "SELECT 1 FROM sqlite_schema LIMIT 1", nullptr, nullptr, nullptr);
}

void Database::begin_read() {
  measure();
  int code = try_begin_read();
  if (code == SQLITE_READONLY_ROLLBACK) {
    roll_back();
    Database(path_, Access::kWrite).read([] {});
    code = try_begin_read();
  }
  if (!is_failure(code)) return;
  try {
    fail(code);
  } catch (...) {
    roll_back();
    throw;
  }
}

void Database::roll_back() noexcept {
  // Some errors have rolled back already; then there is nothing to do.
  if (sqlite3_get_autocommit(connection_.get()) != 0) return;
  sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::read(const std::function<void()>& work) {
  // Inside of write() the state is one already.
  if (sqlite3_get_autocommit(connection_.get()) == 0) return work();
  begin_read();
  try {
    work();
    run("COMMIT");
  } catch (...) {
    roll_back();
    throw;
  }
}

void Database::write(const std::function<void()>& work) {
  measure();
  run("BEGIN IMMEDIATE");
  try {
    work();
    run("COMMIT");
  } catch (...) {
    roll_back();
    throw;
  }
}

int64_t Database::data_version() {
  Statement statement(*this, "PRAGMA data_version");
  statement.step();
  return statement.integer_at(0, INT64_MIN, INT64_MAX);
}

void Database::measure() {
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0) {
    if (file_.inode == 0) file_ = {status.st_dev, status.st_ino, 0};
    file_.size = static_cast<uint64_t>(status.st_size);
  }
  steps_ = kFewestSteps + kStepsPerByte * static_cast<int64_t>(file_.size);
}

bool Database::replaced() const {
  struct stat status {};
  return ::stat(path_.c_str(), &status) != 0 || status.st_dev != file_.device || status.st_ino != file_.inode;
}

void Database::fail(int code) const {
  if ((code & 0xFF) == SQLITE_NOMEM) throw std::bad_alloc();
  const bool writing = access_ == Access::kWrite;
  const Meaning found =
      meaning(code, writing, sqlite3_errmsg(connection_.get()), sqlite3_system_errno(connection_.get()));
  const char* doing = found.kind == ErrorKind::kWrite ? "cannot write '" : "cannot read '";
  throw Error(found.kind, doing + path_ + "': " + found.what);
}

}  // namespace crlsc
