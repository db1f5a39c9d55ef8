// Cerium. Licensed under the Apache License 2.0.
// Requests, routes and the compiled-in files, without a socket.
#include <zlib.h>

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

#include "base/util/error.h"
#include "web-ui/http/router.h"
#include "web-ui/http/static_files.h"

namespace cerium::http {
namespace {

Request requestFor(std::string_view target, std::string method = "GET") {
  Request request;
  request.method = std::move(method);
  parseTarget(target, request);
  return request;
}

std::string pack(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string headerOf(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

TEST_CASE("a target is decoded into a path and its parameters", "[http]") {
  const Request request = requestFor("/logs/a%20b+c?x=1%262+3&flag&x=%zz&&=v");
  CHECK(request.path == "/logs/a b+c");
  CHECK(request.all("x") == std::vector<std::string>{"1&2 3", "%zz"});
  CHECK(request.get("x") == "1&2 3");
  CHECK(request.get("flag", "other").empty());
  CHECK(request.get("none", "other") == "other");
  CHECK(requestFor("/a?b?c=d").get("b?c") == "d");
  CHECK(requestFor("").path.empty());
}

TEST_CASE("a % without two hex digits stays as it is", "[http]") {
  CHECK(decodeUrl("%41%6a%", false) == "Aj%");
  CHECK(decodeUrl("%4", false) == "%4");
  CHECK(decodeUrl("%4x%-1", false) == "%4x%-1");
  CHECK(decodeUrl("a+b", true) == "a b");
  CHECK(decodeUrl("a+b", false) == "a+b");
  CHECK(decodeUrl("%252f", false) == "%2f");
  CHECK(decodeUrl("%00", false) == std::string(1, '\0'));
}

TEST_CASE("a cookie is found by its whole name", "[http]") {
  Request request;
  CHECK(request.cookie("a").empty());
  request.headers["cookie"] = "xa=1; a=2;b=three; a2=4";
  CHECK(request.cookie("a") == "2");
  CHECK(request.cookie("b") == "three");
  CHECK(request.cookie("a2") == "4");
  CHECK(request.cookie("c").empty());
}

TEST_CASE("a route's places take one part of the path each, and its rest all others", "[http]") {
  Router router;
  router.get("/jobs/{job}/stages/{stage}", [](const Request& request) {
    return plain(200, request.params.at("job") + " " + request.params.at("stage"));
  });
  router.get("/jobs/last", [](const Request&) { return plain(200, "last"); });
  router.get("/proxy/{name}/{rest...}", [](const Request& request) {
    return plain(200, request.params.at("name") + " " + request.params.at("rest"));
  });
  CHECK(router.answer(requestFor("/jobs/1/stages/2")).body == "1 2\n");
  CHECK(router.answer(requestFor("//jobs/1/stages/2/")).body == "1 2\n");
  CHECK(router.answer(requestFor("/jobs/last")).body == "last\n");
  CHECK(router.answer(requestFor("/proxy/worker-1/a/b")).body == "worker-1 a/b\n");
  CHECK(router.answer(requestFor("/proxy/worker-1")).body == "worker-1 \n");
  CHECK(router.answer(requestFor("/jobs/1/stages")).status == 404);
  CHECK(router.answer(requestFor("/jobs/1/stages/2/3")).status == 404);
}

TEST_CASE("dots in a path are names like any other", "[http]") {
  Router router;
  router.get("/secret", [](const Request&) { return plain(200, "secret"); });
  router.get("/log/{file}", [](const Request& request) { return plain(200, request.params.at("file")); });
  CHECK(router.answer(requestFor("/log/../secret")).status == 404);
  CHECK(router.answer(requestFor("/log/..%2fsecret")).status == 404);
  CHECK(router.answer(requestFor("/log/..%252fsecret")).body == "..%2fsecret\n");
}

TEST_CASE("unknown paths, wrong methods and failures of handlers have their statuses", "[http]") {
  Router router;
  router.get("/one", [](const Request&) { return plain(200, "got"); });
  router.post("/two", [](const Request& request) { return plain(201, request.body); });
  router.get("/refused", [](const Request&) -> Response { throw Refusal{404, "unknown job: 7"}; });
  router.get("/broken", [](const Request&) -> Response { throw std::runtime_error("no such thing"); });
  const Response missing = router.answer(requestFor("/nothing"));
  CHECK(missing.status == 404);
  CHECK(missing.body == "there is nothing at /nothing\n");
  CHECK(missing.type == "text/plain; charset=utf-8");
  CHECK(router.answer(requestFor("/one", "POST")).status == 405);
  CHECK(router.answer(requestFor("/two", "GET")).status == 405);
  CHECK(router.answer(requestFor("/two", "DELETE")).status == 405);
  CHECK(router.answer(requestFor("/two", "POST")).status == 201);
  CHECK(router.answer(requestFor("/refused")).status == 404);
  CHECK(router.answer(requestFor("/refused")).body == "unknown job: 7\n");
  CHECK(router.answer(requestFor("/broken")).status == 500);
  CHECK(router.answer(requestFor("/broken")).body == "no such thing\n");
}

TEST_CASE("a guard's answer comes before that of any route", "[http]") {
  Router router;
  bool handled = false;
  router.post("/kill", [&](const Request&) {
    handled = true;
    return plain(200, "killed");
  });
  router.setGuard([](const Request& request) {
    return request.header("key") == "right" ? Response{.status = 0} : plain(403, "no key");
  });
  CHECK(router.answer(requestFor("/kill", "POST")).status == 403);
  CHECK(router.answer(requestFor("/nothing")).status == 403);
  CHECK_FALSE(handled);
  Request right = requestFor("/kill", "POST");
  right.headers["key"] = "right";
  CHECK(router.answer(right).status == 200);
  CHECK(handled);
}

TEST_CASE("a compiled-in file is sent packed to a browser that can unpack it", "[http]") {
  const std::string text(100'000, 'x');
  const std::string packed = pack(text);
  Router router;
  const StaticFile file{"/app.js", "text/javascript", packed};
  addStaticFiles(router, {&file, 1});
  Request request = requestFor("/app.js");
  const Response whole = router.answer(request);
  CHECK(whole.body == text);
  CHECK(headerOf(whole, "Content-Encoding").empty());
  request.headers["accept-encoding"] = "br, gzip;q=0.5";
  const Response small = router.answer(request);
  CHECK(small.body == packed);
  CHECK(small.type == "text/javascript");
  CHECK(headerOf(small, "Content-Encoding") == "gzip");
  CHECK(headerOf(small, "Vary") == "Accept-Encoding");
  const std::string policy = headerOf(small, "Content-Security-Policy");
  CHECK_THAT(policy, Catch::Contains("default-src 'self'") && !Catch::Contains("unsafe"));
}

TEST_CASE("a damaged compiled-in file is an error and no part of it is sent", "[http]") {
  const std::string packed = pack("all of it");
  CHECK(unpack(packed) == "all of it");
  CHECK_THROWS_AS(unpack(packed.substr(0, packed.size() / 2)), CorruptData);
  CHECK_THROWS_AS(unpack("no gzip"), CorruptData);
  CHECK_THROWS_AS(unpack(""), CorruptData);
}

}  // namespace cerium::http
