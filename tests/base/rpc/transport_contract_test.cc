// Cerium. Licensed under the Apache License 2.0.
// Binds the transport contract to TCP and to the loopback network.
#include "tests/contracts/transport_contract.h"

#include <catch2/catch.hpp>

#include "base/rpc/loopback/loopback.h"

namespace cerium::rpc {

namespace {

struct Tcp {
  std::unique_ptr<Transport> make(TransportOptions options) { return makeTcpTransport(std::move(options)); }
  Endpoint anyPort() { return {"127.0.0.1", 0}; }
};

struct Loopback {
  std::unique_ptr<Transport> make(TransportOptions options) {
    return makeLoopbackTransport(network, std::move(options));
  }
  Endpoint anyPort() { return {"node", 0}; }
  std::shared_ptr<LoopbackNetwork> network = std::make_shared<LoopbackNetwork>();
};

}  // namespace

TEMPLATE_TEST_CASE("messages of one thread arrive in order", "[rpc]", Tcp, Loopback) {
  contract::keepsOrder<TestType>();
}
TEMPLATE_TEST_CASE("messages of all sizes arrive unchanged", "[rpc]", Tcp, Loopback) {
  contract::carriesSizes<TestType>();
}
TEMPLATE_TEST_CASE("a message of 100 MB arrives unchanged", "[rpc]", Tcp, Loopback) {
  contract::carriesBigMessage<TestType>();
}
TEMPLATE_TEST_CASE("messages of several threads arrive in the order of each thread", "[rpc]", Tcp, Loopback) {
  contract::keepsOrderOfEachThread<TestType>();
}
TEMPLATE_TEST_CASE("a connection carries messages in both directions", "[rpc]", Tcp, Loopback) {
  contract::echoesBothWays<TestType>();
}
TEMPLATE_TEST_CASE("close sends what is queued first", "[rpc]", Tcp, Loopback) {
  contract::closeFlushesFirst<TestType>();
}
TEMPLATE_TEST_CASE("no message is delivered after onClose", "[rpc]", Tcp, Loopback) {
  contract::deliversNothingAfterClose<TestType>();
}
TEMPLATE_TEST_CASE("a handler that closes its connection gets no further message", "[rpc]", Tcp, Loopback) {
  contract::closeInHandlerIsTheLastMessage<TestType>();
}
TEMPLATE_TEST_CASE("onClose is called exactly once when both sides close", "[rpc]", Tcp, Loopback) {
  contract::tellsCloseOnce<TestType>();
}
TEMPLATE_TEST_CASE("destroying a transport closes its connections on both sides", "[rpc]", Tcp, Loopback) {
  contract::destructionTellsBothSides<TestType>();
}
TEMPLATE_TEST_CASE("destroying a transport still sends what was queued before close", "[rpc]", Tcp, Loopback) {
  contract::destructionKeepsWhatWasClosedFirst<TestType>();
}
TEMPLATE_TEST_CASE("a transport can be destroyed while traffic flows", "[rpc]", Tcp, Loopback) {
  contract::canBeDestroyedUnderTraffic<TestType>();
}
TEMPLATE_TEST_CASE("a peer with the wrong secret is refused", "[rpc]", Tcp, Loopback) {
  contract::refusesWrongSecret<TestType>();
}
TEMPLATE_TEST_CASE("connecting to a port without a listener is refused", "[rpc]", Tcp, Loopback) {
  contract::reportsRefusedConnection<TestType>();
}
TEMPLATE_TEST_CASE("listening on a used address fails and names it", "[rpc]", Tcp, Loopback) {
  contract::reportsAddressInUse<TestType>();
}
TEMPLATE_TEST_CASE("a message over the limit closes the connection", "[rpc]", Tcp, Loopback) {
  contract::refusesLongMessages<TestType>();
}
TEMPLATE_TEST_CASE("queuedBytes counts bytes that the network has not taken", "[rpc]", Tcp, Loopback) {
  contract::countsQueuedBytes<TestType>();
}
TEMPLATE_TEST_CASE("receivedBytes counts bytes from the peer", "[rpc]", Tcp, Loopback) {
  contract::countsReceivedBytes<TestType>();
}
TEMPLATE_TEST_CASE("a handler that throws closes its connection with the reason", "[rpc]", Tcp, Loopback) {
  contract::survivesThrowingHandlers<TestType>();
}
TEMPLATE_TEST_CASE("connecting from a handler is refused", "[rpc]", Tcp, Loopback) {
  contract::forbidsConnectFromHandler<TestType>();
}

}  // namespace cerium::rpc
