package dev.gapless.torture;

import static dev.gapless.testkit.ServerNode.MARKER;

/** The owners, users and paths of all runs: few, so that subscriptions and writers meet. */
final class Names {
  static final int OWNERS = 5;
  static final int USERS = 2;

  /** The alphabet of user keys. */
  private static final String Z_BASE_32 = "ybndrfg8ejkmcpqxot1uwisza345h769";

  private Names() {}

  static String owner(int number) {
    return "o" + number + "-" + MARKER;
  }

  /** 52 characters, of which the last carries four bits only. */
  static String user(int number) {
    return "y".repeat(20) + Z_BASE_32.charAt(number + 1) + "o".repeat(30) + "y";
  }

  static String folder(int number) {
    return "/" + MARKER + number + "/";
  }
}
