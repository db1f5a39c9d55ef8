// Cerium. Licensed under the Apache License 2.0.
#include "cluster-manager/worker/driver_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/util/error.h"
#include "base/util/log.h"

namespace cerium::cluster_manager {
namespace {

constexpr int kConnectMs = 3'000;
constexpr std::chrono::seconds kLastWords{30};
constexpr std::chrono::milliseconds kLook{50};  // how often the wait looks whether it was given up
constexpr size_t kMaxQueued = 4 << 20;
constexpr uint64_t kMaxMessage = 8 << 20;  // far above a piece of output; the submitter sends nothing

Descriptor openLog(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file.isOpen()) throw IoError(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  return file;
}

}  // namespace

DriverOutput::DriverOutput(const protocol::DriverOrder& order, const std::string& secret, std::string folder)
    : driver_(order.driver),
      folder_(std::move(folder)),
      files_{openLog(folder_ + "/stdout"), openLog(folder_ + "/stderr")} {
  rpc::TransportOptions options;
  options.secret = secret;
  options.max_message_bytes = kMaxMessage;
  options.thread_name = "cerium-output";
  transport_ = rpc::makeTcpTransport(options);
  try {
    connection_ = transport_->connect(
        {order.program.file.host, order.program.file.port},
        {[](const rpc::ConnectionPtr&, const Bytes&) {
           throw CorruptData("it sends messages, which this worker does not take");
         },
         [this](const rpc::ConnectionPtr&, const std::string& reason) { closed_.set_value(reason); }},
        kConnectMs);
  } catch (const IoError& e) {
    log::info("{}: its submitter cannot be reached, so its output is in {} only: {}", driver_, folder_, e.what());
  }
}

DriverOutput::~DriverOutput() {
  if (connection_) connection_->close();
  connection_.reset();
  transport_.reset();
}

void DriverOutput::finish(const std::atomic<bool>& is_given_up) {
  if (!connection_) return;
  sayWhatIsLeftOut();
  connection_->close();
  auto closed = closed_.get_future();
  const auto deadline = std::chrono::steady_clock::now() + kLastWords;
  bool is_closed = false;
  while (!is_closed && !is_given_up && std::chrono::steady_clock::now() < deadline)
    is_closed = closed.wait_for(kLook) == std::future_status::ready;
  log::info("{}: no more output is sent to its submitter ({}); the whole output is in {}", driver_,
            is_closed ? closed.get() : "it takes too long", folder_);
}

void DriverOutput::write(bool is_stderr, std::string_view bytes) {
  (void)writeAll(files_[is_stderr ? 1 : 0].get(), bytes);  // a full disk must not stop the driver
  if (!connection_) return;
  if (connection_->queuedBytes() > kMaxQueued) {
    left_out_ += bytes.size();
    return;
  }
  sayWhatIsLeftOut();
  sendOn(is_stderr, bytes);
}

void DriverOutput::sayWhatIsLeftOut() {
  if (left_out_ == 0) return;
  sendOn(true, fmt::format("\n[{} bytes are missing here; the whole output is in {}]\n", std::exchange(left_out_, 0),
                           folder_));
}

void DriverOutput::sendOn(bool is_stderr, std::string_view bytes) {
  connection_->send(protocol::encodeCluster(protocol::DriverOutput{driver_, is_stderr, Bytes(bytes)}));
}

}  // namespace cerium::cluster_manager
