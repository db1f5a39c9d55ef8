// Cerium. Licensed under the Apache License 2.0.
// Finds the secret of a cluster and derives secrets from it.
// Sources, strongest first: the file of cerium.authenticate.secretFile; the environment variable
// CERIUM_AUTHENTICATE_SECRET; on loopback the file that this user's manager made (manager-PORT.secret in
// $XDG_RUNTIME_DIR/cerium, or in /tmp/cerium-UID if there is no such folder). With cerium.authenticate=false the secret
// is empty.
// Messages, logs, command lines and the errors of this file never contain secrets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/rpc/transport.h"

namespace cerium::rpc {

/// HMAC-SHA-256 of `purpose` ("application app-1") under the cluster's secret, in hex. Empty if the cluster's secret is
/// empty, because a cluster without authentication has no secrets.
[[nodiscard]] std::string deriveSecret(const std::string& cluster_secret, const std::string& purpose);

struct ClusterSecret {
  std::string value;
  std::string origin;    ///< For a human: "the file /etc/cerium/secret", "the environment variable ...", "--insecure".
  bool is_made = false;  ///< Made by the manager itself, which then publishes it.
};

struct SecretQuery {
  std::string secret_file = {};  ///< cerium.authenticate.secretFile; may be empty.
  bool authenticate = true;
  std::string host = {};  ///< Of the manager: the address to connect to, or to listen on.
  uint16_t port = 0;
};

/// 32 random bytes, in hex. Throws IoError if the system has none.
[[nodiscard]] std::string newSecret();

/// Whether `host` is "localhost", 127.x.y.z or ::1: an address that only this machine reaches.
[[nodiscard]] bool isLoopback(const std::string& host);

/// The secret for a process that connects to a manager. Throws InvalidArgument if a configured secret is missing or
/// cannot be used (no such file, readable by others, empty). Throws IoError if the manager is on loopback and has not
/// made its secret yet: try again later.
[[nodiscard]] ClusterSecret findClusterSecret(const SecretQuery& query);
/// The same for a cluster with several managers, which share one secret: the secret of the first manager that has one.
/// `query` needs no host and port. Throws IoError with the reason for each manager.
[[nodiscard]] ClusterSecret findClusterSecret(SecretQuery query, const std::vector<Endpoint>& managers);

/// The secret for a manager, before it listens at `query`. Without a configured secret on loopback, reads or makes the
/// one in `keep_in` (a folder of its own, made with mode 0700), so that a restarted or standby manager has the same.
/// Throws InvalidArgument as findClusterSecret(), and for an address beyond loopback without a secret; the text names
/// the ways out.
[[nodiscard]] ClusterSecret managerSecret(const SecretQuery& query, const std::string& keep_in);

/// Puts the secret that a manager made where this user's processes find it. The manager calls it once it listens on
/// this port of loopback. Throws IoError.
void publishSecret(const std::string& secret, uint16_t port);

}  // namespace cerium::rpc
