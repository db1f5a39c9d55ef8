// Cerium. Licensed under the Apache License 2.0.
// The parameters of requests, checked. A wrong one is a Refusal that names it.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <string>

#include "web-ui/http/message.h"
#include "web-ui/store/model.h"

namespace cerium::api {

/// Throws Refusal (400) if `text` is no number; `what` names it.
template <class Number>
Number number(const std::string& text, const char* what) {
  Number value{};
  const auto* end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, value).ptr != end)
    throw http::Refusal{400, fmt::format("{} is no number: {}", what, text)};
  return value;
}

/// The number in a place of the path. Throws Refusal (404) if there is none.
template <class Number>
Number place(const http::Request& request, const char* name) {
  const std::string& text = request.params.at(name);
  Number value{};
  const auto* end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, value).ptr != end)
    throw http::Refusal{404, fmt::format("unknown {}: {}", name, text)};
  return value;
}

/// A parameter of the query; `fallback` if it is not given.
template <class Number>
Number parameter(const http::Request& request, const char* name, Number fallback) {
  const std::string text = request.get(name);
  return text.empty() ? fallback : number<Number>(text, name);
}
inline bool flag(const http::Request& request, const char* name, bool fallback) {
  const std::string text = request.get(name);
  return text.empty() ? fallback : text == "true";
}

/// The stage attempt that the path names: {stage} and {attempt}. Throws Refusal (404).
[[nodiscard]] const store::Stage& stageOf(const store::Application& app, const http::Request& request);
/// The job that the path names: {job}. Throws Refusal (404).
[[nodiscard]] const store::Job& jobOf(const store::Application& app, const http::Request& request);

}  // namespace cerium::api
