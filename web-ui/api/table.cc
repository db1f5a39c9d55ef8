// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/table.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

#include "web-ui/api/parameters.h"

namespace cerium::api {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr size_t kLongestPage = 1000;

std::string small(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool contains(const value& in, const std::string& wanted) {
  switch (in.kind()) {
    case boost::json::kind::string:
      return containsText(in.get_string(), wanted);
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return boost::json::serialize(in).find(wanted) != std::string::npos;
    case boost::json::kind::array:
      return std::any_of(in.get_array().begin(), in.get_array().end(),
                         [&](const value& each) { return contains(each, wanted); });
    case boost::json::kind::object:
      return std::any_of(in.get_object().begin(), in.get_object().end(),
                         [&](const auto& each) { return contains(each.value(), wanted); });
    default:
      return false;
  }
}

/// Numbers before texts; texts that are whole numbers (ids of executors) as numbers.
struct Key {
  int rank = 2;  ///< 0: number, 1: text, 2: none
  double number = 0;
  std::string text;
};
Key keyOf(const object& row, const std::string& field) {
  const value* found = row.if_contains(field);
  if (found == nullptr || found->is_null()) return {};
  if (found->is_number()) return {0, found->to_number<double>(), {}};
  if (found->is_bool()) return {0, found->get_bool() ? 1.0 : 0.0, {}};
  if (!found->is_string()) return {};
  const std::string text(found->get_string());
  const bool is_number = !text.empty() && text.size() < 16 &&
                         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (is_number) return {0, std::stod(text), {}};
  return {1, 0, small(text)};
}
bool isLess(const Key& a, const Key& b) {
  if (a.rank != b.rank) return a.rank < b.rank;
  return a.rank == 0 ? a.number < b.number : a.text < b.text;
}

}  // namespace

bool containsText(std::string_view text, std::string_view wanted) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(), same) != text.end();
}

PageWish::PageWish(const http::Request& request, const std::string& fallback)
    : offset(parameter<size_t>(request, "offset", 0)),
      length(std::min(parameter<size_t>(request, "length", length), kLongestPage)),
      sort_by(request.get("sortBy", fallback)) {
  if (sort_by.starts_with('-')) {
    descending = true;
    sort_by.erase(0, 1);
  }
  const std::string order = request.get("order");
  if (order == "desc") descending = true;
  if (order == "asc") descending = false;
}

bool isFound(const object& row, const http::Request& request) {
  const std::string wanted = request.get("search");
  return wanted.empty() || contains(row, wanted);
}

object pageOf(std::vector<object> rows, const http::Request& request, const std::string& fallback) {
  const PageWish wish(request, fallback);
  std::erase_if(rows, [&](const object& row) { return !isFound(row, request); });
  std::vector<std::pair<Key, size_t>> order;
  for (size_t i = 0; i < rows.size(); ++i) order.emplace_back(keyOf(rows[i], wish.sort_by), i);
  std::stable_sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
    if (a.first.rank == 2 || b.first.rank == 2) return a.first.rank < b.first.rank;
    return wish.descending ? isLess(b.first, a.first) : isLess(a.first, b.first);
  });
  array page;
  for (size_t i = wish.offset; i < order.size() && i - wish.offset < wish.length; ++i)
    page.push_back(std::move(rows[order[i].second]));
  return {{"total", rows.size()}, {"offset", wish.offset}, {"rows", std::move(page)}};
}

}  // namespace cerium::api
