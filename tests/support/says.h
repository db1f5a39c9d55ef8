// Cerium. Licensed under the Apache License 2.0.
// A matcher for errors that must name several things. Unlike Contains(a) && Contains(b) it can be stored.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

namespace cerium::testing {

class Says : public Catch::MatcherBase<std::string> {
 public:
  template <class... Parts>
  explicit Says(Parts... parts) : parts_{std::string(std::move(parts))...} {}
  bool match(const std::string& text) const override {
    return std::all_of(parts_.begin(), parts_.end(),
                       [&](const std::string& part) { return text.find(part) != std::string::npos; });
  }
  std::string describe() const override {
    std::string all = "says";
    for (const auto& part : parts_) all += " \"" + part + "\"";
    return all;
  }

 private:
  std::vector<std::string> parts_;
};

}  // namespace cerium::testing
