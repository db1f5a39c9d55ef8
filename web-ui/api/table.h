// Cerium. Licensed under the Apache License 2.0.
// Tables: sorted, searched and cut into pages by the server.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "web-ui/http/message.h"

namespace cerium::api {

/// The part of a table that a request asks for by offset, length, sortBy and order.
struct PageWish {
  size_t offset = 0;
  size_t length = 100;
  std::string sort_by;
  bool descending = false;

  /// `fallback`: the order if the request names none; a minus before the field's name is descending.
  PageWish(const http::Request& request, const std::string& fallback);
};

/// Whether `text` contains `wanted`, without regard to the case of ASCII letters.
[[nodiscard]] bool containsText(std::string_view text, std::string_view wanted);

/// Whether one of the texts and numbers of `row`, at any depth, contains the request's `search`; true without one.
[[nodiscard]] bool isFound(const boost::json::object& row, const http::Request& request);

/// {"total", "offset", "rows"}. Rows keep their order where they are equal in the field; a row that lacks the field
/// comes last.
[[nodiscard]] boost::json::object pageOf(std::vector<boost::json::object> rows, const http::Request& request,
                                         const std::string& fallback);

}  // namespace cerium::api
