package dev.gapless.metrics;

import java.util.List;
import java.util.Set;

/** The routes of a node by the paths of requests, without what clients made up. */
final class RouteNames {
  private static final Set<String> WHOLE =
      Set.of(
          "/",
          "/v1/events",
          "/v1/session",
          "/v1/revocations",
          "/v1/status",
          "/health/live",
          "/health/ready",
          "/metrics",
          "/dashboard",
          "/dashboard/events",
          "/v1/drain",
          "/v1/nodes",
          "/events/",
          "/events-stream");

  private static final List<String> FOLDERS =
      List.of("/v1/nodes/", "/v1/files/", "/v1/owners/", "/pub/", "/priv/");

  private RouteNames() {}

  /** Such as {@code /v1/files/…}; {@code other} for what is no route. */
  static String of(String path) {
    if (WHOLE.contains(path)) {
      return path;
    }
    for (String folder : FOLDERS) {
      if (path.startsWith(folder)) {
        return folder + "…";
      }
    }
    return "other";
  }
}
