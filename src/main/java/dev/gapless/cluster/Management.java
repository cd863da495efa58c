package dev.gapless.cluster;

import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.management.javadsl.PekkoManagement;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pekko Management of the cluster's system: health checks and the members over HTTP. */
final class Management {
  private static final Logger log = LoggerFactory.getLogger(Management.class);

  private Management() {}

  static void start(ActorSystem<?> system) {
    PekkoManagement.get(system)
        .start()
        .whenComplete(
            (uri, failure) -> {
              if (failure != null) {
                log.warn("cluster_management_failed: {}", failure.getMessage());
              }
            });
  }
}
