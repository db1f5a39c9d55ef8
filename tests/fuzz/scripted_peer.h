// Cerium. Licensed under the Apache License 2.0.
// A peer that answers with the fuzzer's frames and then closes the connection.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/rpc/loopback/loopback.h"
#include "tests/fuzz/fuzz.h"

namespace cerium::fuzz {

/// Cuts an input into frames: two bytes of length, then that many bytes, or the rest.
inline std::vector<Bytes> framesIn(std::string_view input) {
  std::vector<Bytes> frames;
  while (input.size() >= 2) {
    const size_t wanted = static_cast<uint8_t>(input[0]) + size_t{256} * static_cast<uint8_t>(input[1]);
    input.remove_prefix(2);
    const std::string_view frame = input.substr(0, wanted);
    frames.emplace_back(frame);
    input.remove_prefix(frame.size());
  }
  return frames;
}

/// The inverse of framesIn.
inline std::string asInput(const std::vector<Bytes>& frames) {
  std::string input;
  for (const Bytes& frame : frames) {
    input += static_cast<char>(frame.size() % 256);
    input += static_cast<char>(frame.size() / 256);
    input += frame.view();
  }
  return input;
}

class ScriptedPeer {
 public:
  /// Whether the first message of a connection is answered by all frames, or each message by the next frame.
  enum class Manner { kAllAtOnce, kOneEach };

  explicit ScriptedPeer(Manner manner) : one_each_(manner == Manner::kOneEach) {
    (void)server_->listen(address(), [this](const rpc::ConnectionPtr&) {
      return rpc::Handlers{
          [this, at = size_t{0}](const rpc::ConnectionPtr& from, const Bytes&) mutable { answer(*from, at); },
          [](const rpc::ConnectionPtr&, const std::string&) {}};
    });
  }

  [[nodiscard]] static rpc::Endpoint address() { return {"script", 1}; }
  static constexpr const char* kSecret = "a secret";
  [[nodiscard]] const std::shared_ptr<rpc::LoopbackNetwork>& network() const { return network_; }
  void say(std::vector<Bytes> frames) {
    std::lock_guard lock(mutex_);
    script_ = std::make_shared<const std::vector<Bytes>>(std::move(frames));
  }

 private:
  void answer(rpc::Connection& from, size_t& at) {
    std::shared_ptr<const std::vector<Bytes>> script;
    {
      std::lock_guard lock(mutex_);
      script = script_;
    }
    const size_t wanted = one_each_ ? at + 1 : script->size();
    for (; at < wanted && at < script->size(); ++at) from.send((*script)[at]);
    if (!one_each_ || at < wanted) from.close();
  }

  const bool one_each_;
  std::mutex mutex_;
  std::shared_ptr<const std::vector<Bytes>> script_;  // guarded by mutex_
  const std::shared_ptr<rpc::LoopbackNetwork> network_ = std::make_shared<rpc::LoopbackNetwork>();
  const std::unique_ptr<rpc::Transport> server_ = rpc::makeLoopbackTransport(network_, {.secret = kSecret});
};

}  // namespace cerium::fuzz
