// SPDX-License-Identifier: LGPL-2.1-or-later
// SQLite for files that strangers may have made: opened with everything off that a file could use against its reader,
// every value checked for type and size before it is used, every statement bounded in time. See "Defense Against The
// Dark Arts", https://www.sqlite.org/security.html.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/bytes.h"
#include "core/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace crlsc {

class Database;

// One prepared statement. The database must outlive it.
class Statement {
 public:
  Statement(Database& database, const char* sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Values for the parameters, from the first to the last. Bytes and text must outlive the next step().
  Statement& integer(int64_t value);
  Statement& blob(ByteView value);
  Statement& text(const std::string& value);

  // The next row; false behind the last one, after which the statement is ready for new values. Throws as Database
  // says.
  bool step();
  // step() for statements without rows.
  void run();

  // Values of the row at hand. Throw Error(kRead) if the column has another type, or more than `max_size` bytes, or a
  // number out of range. Views are good until the next step().
  int64_t integer_at(int column, int64_t least, int64_t greatest) const;
  ByteView blob_at(int column, size_t max_size) const;
  std::string text_at(int column, size_t max_size) const;

 private:
  [[noreturn]] void bad_value(int column, const std::string& what) const;

  Database* database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

// One connection; not thread-safe. Errors name the path and what to do: Error(kRead) for damaged files and those that
// cannot be read, Error(kWrite) for what cannot be written (disk full, no permission, in use).
class Database {
 public:
  enum class Access { kRead, kWrite };

  // What an SQLite file says of itself in its first 100 bytes.
  struct Identity {
    uint32_t application_id;
    uint32_t user_version;
  };

  // Opens an existing regular file that is an SQLite database with a rollback journal. Error(kNotFound) if there is
  // none, Error(kWrongType) if it is something else.
  Database(const std::string& path, Access access);
  // Makes an empty one; the file must not exist.
  static std::unique_ptr<Database> create(const std::string& path, const Identity& identity);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return path_; }
  Access access() const { return access_; }
  Identity identity() const;

  // Statements without parameters and rows.
  void run(const char* sql);
  // `work` sees one state of the file, however many statements it runs.
  void read(const std::function<void()>& work);
  // All that `work` writes becomes durable at once or, if it throws, not at all. Other writers wait.
  void write(const std::function<void()>& work);
  // Changes when another connection has committed.
  int64_t data_version();
  // True if the path names another file by now, or none.
  bool replaced() const;

  // Throws what SQLite's result code means.
  [[noreturn]] void fail(int code) const;

 private:
  friend class Statement;
  struct Closer {
    void operator()(sqlite3* connection) const;
  };
  struct FileName {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t size = 0;
  };

  Database(std::string path, Access access, int flags);
  void harden();
  void check_file();
  void begin_read();
  int try_begin_read();
  void roll_back() noexcept;
  // Lets the next statement run for as long as a sound file of this size could need.
  void grant_steps() { steps_left_ = steps_; }
  void measure();

  std::string path_;
  Access access_;
  int64_t steps_ = 0;       // of SQLite's virtual machine, for one statement
  int64_t steps_left_ = 0;  // SQLite's progress handler holds its address
  FileName file_;
  std::unique_ptr<sqlite3, Closer> connection_;
};

}  // namespace crlsc
