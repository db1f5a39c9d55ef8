// Cerium. Licensed under the Apache License 2.0.
#include "driver/app/sigint_handler.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <future>
#include <memory>

namespace cerium {
namespace {

/// Counts how often it is called.
struct Called {
  std::promise<void> once;
  std::unique_ptr<SigintHandler> interrupts = std::make_unique<SigintHandler>([this] { once.set_value(); });
  void await() { once.get_future().get(); }
};

}  // namespace

TEST_CASE("an interrupt cancels the jobs of every Context", "[driver]") {
  ::signal(SIGINT, SIG_IGN);  // what SIGINT does before and after
  for (const bool first_goes_first : {true, false}) {
    Called first;
    Called second;
    ::raise(SIGINT);
    first.await();
    second.await();
    ::raise(SIGINT);  // ignored again
    Called third;     // made later: SIGINT cancels once more
    if (first_goes_first) {
      first.interrupts.reset();
      second.interrupts.reset();
    } else {
      second.interrupts.reset();
      first.interrupts.reset();
    }
    ::raise(SIGINT);
    third.await();
  }
  ::raise(SIGINT);  // with no object left it is ignored
  ::signal(SIGINT, SIG_DFL);
}

}  // namespace cerium
