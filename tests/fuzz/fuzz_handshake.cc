// Cerium. Licensed under the Apache License 2.0.
// The first bytes of a connection, in pieces of any size. A stranger never passes the handshake. An attacker between
// two sides that know the secret changes their bytes; after that, not both sides pass.
#include <algorithm>
#include <string_view>

#include "base/rpc/handshake.h"
#include "tests/fuzz/fuzz.h"

using namespace cerium;
using rpc::Handshake;

namespace {

/// Feeds all of `text` to the handshake until it is done.
void tell(Handshake& handshake, std::string_view text, size_t piece) {
  size_t consumed = 0;
  while (!text.empty() && handshake.state() == Handshake::State::kRunning) {
    const size_t n = handshake.consume(text.substr(0, piece));
    fuzz::check(n <= std::min(piece, text.size()), "more was consumed than there was");
    fuzz::check(n > 0 || handshake.state() != Handshake::State::kRunning, "the handshake stands still");
    consumed += n;
    text.remove_prefix(n);
  }
  fuzz::check(consumed <= Handshake::kMaxInput, "a handshake consumed more than it ever should");
}

void checkEnd(Handshake& handshake) {
  if (handshake.state() == Handshake::State::kRunning) handshake.peerClosed();
  fuzz::check(handshake.state() != Handshake::State::kRunning, "a handshake keeps running without its peer");
  fuzz::check((handshake.state() == Handshake::State::kFailed) == !handshake.reason().empty(),
              "a failed handshake gives no reason, or a good one does");
}

void stranger(rpc::Role role, std::string_view text, size_t piece) {
  Handshake handshake(role, "a secret");
  (void)handshake.takeOutput();
  tell(handshake, text, piece);
  checkEnd(handshake);
  fuzz::check(handshake.state() == Handshake::State::kFailed, "a peer without the secret passed");
}

/// `changes`: pairs of a place in the dialogue and a value for the byte there.
void inBetween(std::string_view changes, size_t piece) {
  Handshake connector(rpc::Role::kConnector, "a secret");
  Handshake acceptor(rpc::Role::kAcceptor, "a secret");
  size_t said = 0;
  bool changed = false;
  for (bool more = true; more;) {
    more = false;
    for (auto [from, to] : {std::pair{&connector, &acceptor}, {&acceptor, &connector}}) {
      Bytes words = from->takeOutput();
      if (words.empty()) continue;
      more = true;
      const Bytes before = words;
      for (size_t i = 0; i + 1 < changes.size(); i += 2) {
        const auto place = static_cast<uint8_t>(changes[i]);
        if (place >= said && place < said + words.size()) words.data()[place - said] ^= changes[i + 1];
      }
      changed = changed || !(words == before);
      said += words.size();
      tell(*to, words.view(), piece);
    }
  }
  checkEnd(connector);
  checkEnd(acceptor);
  const bool both = connector.state() == Handshake::State::kDone && acceptor.state() == Handshake::State::kDone;
  fuzz::check(both == !changed, "changed words were believed, or right ones were not");
  if (both) fuzz::decodedWhole();
}

}  // namespace

std::vector<std::string> fuzz::seeds() { return {std::string("\x04\0", 2), std::string("\x04\x3f", 2)}; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece = 1 + data[1] % 64;
  const std::string rest(fuzz::textOf(data + 2, size - 2));
  if ((data[0] & 4) != 0) {
    inBetween(rest, piece);
    return 0;
  }
  // If the second bit is set, the greeting's head is prepended, because random bytes do not get past it.
  const std::string head = (data[0] & 2) != 0 ? std::string("CERIUM\x01\0", 8) : "";
  stranger((data[0] & 1) != 0 ? rpc::Role::kConnector : rpc::Role::kAcceptor, head + rest, piece);
  return 0;
}
