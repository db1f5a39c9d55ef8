// Cerium. Licensed under the Apache License 2.0.
#include "web-ui/api/cerium_api.h"

#include <boost/json.hpp>

#include "web-ui/api/changes.h"
#include "web-ui/api/spark_api.h"

namespace cerium::api {

using boost::json::object;

namespace {

object sessionJson(Applications& applications, const Port& port) {
  object json{{"pages", port.pages}, {"version", port.version}, {"appId", nullptr}};
  if (port.pages == "driver") json["appId"] = applications.list().at(0).id;
  json["canChange"] = false;
  json["token"] = nullptr;
  json["insecure"] = false;
  return json;
}

}  // namespace

void addCeriumApi(http::Router& router, const std::shared_ptr<Applications>& applications, const Port& port) {
  router.get("/api/cerium/v1/session",
             [applications, port](const http::Request&) { return jsonResponse(sessionJson(*applications, port)); });
  addChanges(router, applications);
}

}  // namespace cerium::api
