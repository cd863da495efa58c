package dev.gapless.homeserver;

import com.typesafe.config.Config;

/**
 * The settings under {@code gapless.homeserver}. Immutable.
 *
 * @param controlEvents whether streams carry control events; otherwise comments stand in their
 *     place
 */
public record HomeserverSettings(boolean controlEvents) {
  private static final String ROOT = "gapless.homeserver";

  /** Reads {@code gapless.homeserver} of a resolved configuration. */
  public static HomeserverSettings create(Config config) {
    return new HomeserverSettings(config.getBoolean(ROOT + ".control-events"));
  }
}
