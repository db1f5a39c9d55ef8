// Cerium. Licensed under the Apache License 2.0.
// The diagnosis in JSON.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <vector>

#include "web-ui/api/applications.h"
#include "web-ui/diagnosis/finding.h"
#include "web-ui/http/message.h"

namespace cerium::api {

/// Keeps the last diagnosis of an application for a second, as pages ask for it several times at once. Threads: the web
/// server's only.
class Diagnoses {
 public:
  [[nodiscard]] std::shared_ptr<const std::vector<diagnosis::Finding>> of(const store::Application& app,
                                                                          store::Instant at);

 private:
  std::string app_;
  store::Instant made_ = 0;
  store::Instant last_event_ = 0;
  std::shared_ptr<const std::vector<diagnosis::Finding>> findings_;
};

[[nodiscard]] boost::json::object findingJson(const diagnosis::Finding& finding);
/// Those of the job or stage that the request names, or all.
[[nodiscard]] boost::json::object findingsJson(const std::vector<diagnosis::Finding>& findings,
                                               const http::Request& request);

}  // namespace cerium::api
