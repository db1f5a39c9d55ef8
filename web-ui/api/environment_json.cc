// Cerium. Licensed under the Apache License 2.0.
// The environment of an application in the JSON of Spark's REST API.
#include <algorithm>
#include <boost/json.hpp>

#include "web-ui/api/spark_json.h"

namespace cerium::api {

using boost::json::array;
using boost::json::object;

namespace {

array rows(eventlog::Pairs all) {
  std::sort(all.begin(), all.end());
  array json;
  for (const auto& [key, value] : all) json.push_back(array{key, value});
  return json;
}

}  // namespace

object environmentJson(const store::Application& app) {
  const auto& from = app.environment;
  object runtime;
  for (const auto& [key, value] : from.runtime) {
    if (key == "Java Version") runtime["javaVersion"] = value;
    if (key == "Java Home") runtime["javaHome"] = value;
    if (key == "Scala Version") runtime["scalaVersion"] = value;
  }
  array profiles;
  for (const std::string& text : app.resource_profiles) {
    boost::json::error_code error;
    boost::json::value parsed = boost::json::parse(text, error);
    if (error || !parsed.is_object()) continue;
    const object& profile = parsed.get_object();
    object executor;
    object task;
    if (const auto* all = profile.if_contains("Executor Resource Requests"); all != nullptr && all->is_object()) {
      for (const auto& [name, one] : all->get_object()) {
        const auto at = [&one = one](const char* key) {
          const auto* found = one.is_object() ? one.get_object().if_contains(key) : nullptr;
          return found == nullptr ? boost::json::value() : *found;
        };
        executor[name] = object{{"resourceName", at("Resource Name")},
                                {"amount", at("Amount")},
                                {"discoveryScript", at("Discovery Script")},
                                {"vendor", at("Vendor")}};
      }
    }
    if (const auto* all = profile.if_contains("Task Resource Requests"); all != nullptr && all->is_object()) {
      for (const auto& [name, one] : all->get_object()) {
        if (!one.is_object()) continue;
        const auto* resource = one.get_object().if_contains("Resource Name");
        const auto* amount = one.get_object().if_contains("Amount");
        if (resource != nullptr && amount != nullptr)
          task[name] = object{{"resourceName", *resource}, {"amount", *amount}};
      }
    }
    const auto* id = profile.if_contains("Resource Profile Id");
    profiles.push_back(object{{"id", id == nullptr ? boost::json::value(0) : *id},
                              {"executorResources", std::move(executor)},
                              {"taskResources", std::move(task)}});
  }
  return {{"runtime", std::move(runtime)},           {"sparkProperties", rows(from.settings)},
          {"hadoopProperties", rows(from.hadoop)},   {"systemProperties", rows(from.system)},
          {"metricsProperties", rows(from.metrics)}, {"classpathEntries", rows(from.classpath)},
          {"resourceProfiles", std::move(profiles)}};
}

}  // namespace cerium::api
