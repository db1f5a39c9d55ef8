// Cerium. Licensed under the Apache License 2.0.
// The public functions of the loopback network. The Fabric does the work.
#include "base/rpc/loopback/loopback.h"

#include <fmt/format.h>

#include <utility>

#include "base/rpc/loopback/fabric.h"
#include "base/util/error.h"

namespace cerium::rpc {

namespace {

class LoopbackTransport final : public Transport {
 public:
  LoopbackTransport(std::shared_ptr<Fabric> fabric, TransportOptions options)
      : fabric_(std::move(fabric)), node_(fabric_->addNode(std::move(options))) {}

  ~LoopbackTransport() override {
    fabric_->removeNode(node_);
    node_->dispatcher.stop();
  }

  Endpoint listen(const Endpoint& at, std::function<Handlers(const ConnectionPtr&)> onConnect) override {
    return fabric_->listen(node_, at, std::move(onConnect));
  }

  ConnectionPtr connect(const Endpoint& to, Handlers handlers, int timeout_ms, const StopReason& stop) override {
    if (node_->dispatcher.isCurrentThread())
      throw InvalidArgument(
          fmt::format("connect({}) was called from a handler and would wait for itself; call it from "
                      "another thread",
                      to.str()));
    return fabric_->connect(node_, to, std::move(handlers), std::chrono::milliseconds(timeout_ms), stop);
  }

 private:
  const std::shared_ptr<Fabric> fabric_;
  const std::shared_ptr<Node> node_;
};

}  // namespace

LoopbackNetwork::LoopbackNetwork() : fabric_(std::make_shared<Fabric>()) {}

void LoopbackNetwork::setRule(Rule rule) { fabric_->setRule(std::move(rule)); }
void LoopbackNetwork::cut(const std::string& a, const std::string& b) { fabric_->cut(a, b); }
void LoopbackNetwork::partition(const std::string& address) { fabric_->partition(address); }
void LoopbackNetwork::heal(const std::string& address) { fabric_->heal(address); }

std::unique_ptr<Transport> makeLoopbackTransport(std::shared_ptr<LoopbackNetwork> network, TransportOptions options) {
  return std::make_unique<LoopbackTransport>(network->fabric_, std::move(options));
}

}  // namespace cerium::rpc
