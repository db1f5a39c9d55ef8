// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/http/message.h"

#include <charconv>

namespace cerium::http {

std::string Request::get(const std::string& name, const std::string& fallback) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return fallback;
}

std::vector<std::string> Request::all(const std::string& name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::string Request::header(const std::string& small_name) const {
  const auto found = headers.find(small_name);
  return found == headers.end() ? std::string() : found->second;
}

std::string Request::cookie(const std::string& name) const {
  const std::string all = header("cookie");
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find(';', begin), all.size());
    std::string_view one = std::string_view(all).substr(begin, end - begin);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
      return std::string(one.substr(name.size() + 1));
    begin = end + 1;
  }
  return {};
}

Response plain(int status, std::string text) { return {std::move(text) + "\n", "text/plain; charset=utf-8", status}; }

std::string decodeUrl(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;  // A signed one would take "%-1".
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16).ptr == text.data() + i + 3) {
      decoded += static_cast<char>(code);
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

void parseTarget(std::string_view target, Request& request) {
  request.target = target;
  const size_t mark = std::min(target.find('?'), target.size());
  request.path = decodeUrl(target.substr(0, mark), false);
  if (mark == target.size()) return;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view one = rest.substr(0, end);
    const size_t equals = std::min(one.find('='), one.size());
    if (!one.empty()) {
      request.query.emplace_back(decodeUrl(one.substr(0, equals), true),
                                 equals == one.size() ? "" : decodeUrl(one.substr(equals + 1), true));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

}  // namespace cerium::http
