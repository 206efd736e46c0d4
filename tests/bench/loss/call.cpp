// SPDX-License-Identifier: LGPL-2.1-or-later
#include "call.h"

#include <gst/video/video.h>

#include "crlsc/loss_event.h"

namespace crlsc::bench {
namespace {

bool is_key_request(const Event& event) { return gst_video_event_is_force_key_unit(event.get()) == TRUE; }

// The events of `queue` that are due, in their order.
std::vector<Event> take_due(std::multimap<GstClockTime, Event>& queue, GstClockTime now) {
  std::vector<Event> out;
  const auto end = queue.upper_bound(now);
  for (auto it = queue.begin(); it != end; ++it) out.push_back(std::move(it->second));
  queue.erase(queue.begin(), end);
  return out;
}

}  // namespace

Call::Call(const Codec& codec, const Clip& clip, Source source, const Condition& condition,
           const CallSettings& settings)
    : codec_(codec),
      clip_(clip),
      source_(std::move(source)),
      condition_(condition),
      settings_(settings),
      next_burst_(settings.burst_interval) {
  result_.key.resize(static_cast<size_t>(clip.count()));
}

CallResult Call::run() {
  for (int i = 0; i < clip_.count(); ++i) step(i);
  receiver_->finish();
  result_.pictures = receiver_->pictures();
  for (int i = 0; i < clip_.count(); ++i) result_.whole.push_back(receiver_->whole(i));
  result_.packets = link_->packets();
  result_.lost = link_->lost();
  return std::move(result_);
}

void Call::step(int index) {
  index_ = index;
  const GstClockTime now = clip_.time(index);
  for (Event& event : take_due(to_encoder_, now)) source_.tell(std::move(event));
  const SentPicture sent = source_.next(index);
  result_.key[static_cast<size_t>(index)] = sent.key;
  if (!receiver_) start();
  if (now >= kQuietStart) link_->begin();
  if (condition_.kind == Condition::Kind::kBursts && now >= next_burst_) {
    next_burst_ += settings_.burst_interval;
    result_.bursts.push_back({index, index});
    link_->burst();
  }
  for (Event& request : take_due(to_retransmitter_, now)) retransmit(std::move(request));
  for (const Packet& packet : sent.packets) transmit(packet);
  for (Event& request : receiver_->requests(now, kRoundTrip, kRetransmissionTries)) {
    to_retransmitter_.emplace(now + kRoundTrip, std::move(request));
  }
  receiver_->release(due(now));
  listen(now);
}

void Call::start() {
  GstCaps* caps = source_.caps();
  link_.emplace(condition_, settings_.seed, caps);
  receiver_.emplace(codec_, settings_.protection, clip_, caps);
  if (settings_.protection == Protection::kRetransmission) retransmitter_.emplace(caps);
}

std::optional<Buffer> Call::cross(const Buffer& packet) {
  std::optional<Buffer> arrived = link_->transmit(packet);
  if (!arrived && !result_.bursts.empty()) result_.bursts.back().last = index_;
  return arrived;
}

void Call::transmit(const Packet& packet) {
  Traffic& traffic = result_.traffic;
  if (packet.correction) {
    traffic.protection_bytes += packet.buffer.size();
    ++traffic.protection_packets;
  } else {
    traffic.media_bytes += packet.buffer.size() - kRtpHeader;
    ++traffic.media_packets;
  }
  if (retransmitter_) retransmitter_->keep(packet);
  receiver_->expect(packet);
  if (std::optional<Buffer> arrived = cross(packet.buffer)) receiver_->arrive(packet.number, std::move(*arrived));
}

void Call::retransmit(Event request) {
  const Buffer packet = retransmitter_->answer(std::move(request));
  result_.traffic.protection_bytes += packet.size();
  ++result_.traffic.protection_packets;
  if (std::optional<Buffer> arrived = cross(packet)) receiver_->arrive_again(std::move(*arrived));
}

int Call::due(GstClockTime now) const {
  if (settings_.protection != Protection::kRetransmission) return index_;
  return now < kRetransmissionWait ? -1 : clip_.index(now - kRetransmissionWait);
}

void Call::listen(GstClockTime now) {
  const int missed = receiver_->take_missed();
  std::vector<Event> events = receiver_->events();
  if (!source_.tell) return;
  if (!codec_.own) {
    if (missed >= 0) key_wanted_since_ = missed;
    ask_for_key(now);
    return;
  }
  for (Event& event : events) {
    const bool key = is_key_request(event);
    if (!key && !is_loss_event(event.get())) continue;
    ++(key ? result_.key_requests : result_.loss_reports);
    to_encoder_.emplace(now + kRoundTrip, std::move(event));
  }
}

void Call::ask_for_key(GstClockTime now) {
  if (key_wanted_since_ < 0) return;
  for (int i = key_wanted_since_; i <= receiver_->latest_whole(); ++i) {
    if (!result_.key[static_cast<size_t>(i)] || !receiver_->whole(i)) continue;
    key_wanted_since_ = -1;
    return;
  }
  if (GST_CLOCK_TIME_IS_VALID(key_asked_) && now < key_asked_ + kKeyInterval) return;
  key_asked_ = now;
  ++result_.key_requests;
  key_wanted_since_ = -1;
  to_encoder_.emplace(now + kRoundTrip,
                      Event(gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0)));
}

}  // namespace crlsc::bench
