// Cerium. Licensed under the Apache License 2.0.
// The first bytes of a connection, in both roles, in pieces of any size. Nobody gets in by chance.
#include <string_view>

#include "base/rpc/handshake.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cerium;
  if (size < 2) return 0;
  const size_t piece = 1 + data[1] % 64;
  rpc::Handshake handshake(data[0] % 2 == 0 ? rpc::Role::kAcceptor : rpc::Role::kConnector, "a secret");
  // The head of a greeting is given where the second bit says so: random bytes do not come that far.
  std::string text = data[0] % 4 < 2 ? "" : std::string("CERIUM\x01\0", 8);
  text.append(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string_view input = text;
  size_t consumed = 0;
  (void)handshake.takeOutput();
  while (!input.empty() && handshake.state() == rpc::Handshake::State::kRunning) {
    const size_t n = handshake.consume(input.substr(0, piece));
    fuzz::check(n <= std::min(piece, input.size()), "more was consumed than there was");
    if (n == 0 && handshake.state() == rpc::Handshake::State::kRunning)
      fuzz::check(false, "the handshake stands still");
    consumed += n;
    input.remove_prefix(n);
    (void)handshake.takeOutput();
  }
  if (handshake.state() == rpc::Handshake::State::kRunning) handshake.peerClosed();
  fuzz::check(consumed <= rpc::Handshake::kMaxInput, "a handshake consumed more than it ever should");
  fuzz::check(handshake.state() == rpc::Handshake::State::kFailed, "somebody got in without the secret");
  fuzz::check(!handshake.reason().empty(), "a failed handshake gives no reason");
  return 0;
}
