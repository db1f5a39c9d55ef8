// Cerium. Licensed under the Apache License 2.0.
// The reference of header_cost.py: a program of the standard library alone.
#include <algorithm>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <unordered_map>
#include <vector>

int main() {
  const std::string text = "to be or not to be";
  const std::regex word("\\w+");
  std::map<std::string, int> counts;
  for (std::sregex_iterator at(text.begin(), text.end(), word), end; at != end; ++at) ++counts[at->str()];
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [each, count] : counts) sorted.emplace_back(-count, each);
  std::sort(sorted.begin(), sorted.end());
  std::unordered_map<std::string, std::shared_ptr<std::vector<int>>> places;
  for (const auto& [count, each] : sorted) places[each] = std::make_shared<std::vector<int>>(3, count);
  auto longest = std::async([&] { return std::max_element(sorted.begin(), sorted.end())->second; });
  std::cout << longest.get() << places.size() << '\n';
}
