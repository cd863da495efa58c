package dev.gapless.homeserver;

/** How this API names a file: the path stands as stored, decoded. */
final class PubkyUrls {
  private PubkyUrls() {}

  static String of(String user, String path) {
    return "pubky://" + user + path;
  }
}
