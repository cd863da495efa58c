package dev.gapless.http;

import dev.gapless.event.InvalidValueException;
import dev.gapless.event.Owners;
import dev.gapless.event.Paths;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.headers.RawRequestURI;

/**
 * The path of a request as the client sent it, decoded exactly once. Pekko collapses {@code %2e%2e}
 * and replaces invalid UTF-8 before routing, so on HTTP/1.1 the raw request target is read (setting
 * {@code pekko.http.server.raw-request-uri-header}); on HTTP/2 there is none and U+FFFD tells what
 * was lost. Authorisation and lookup must both use this value, never Pekko's. Immutable and
 * thread-safe.
 */
public final class RequestTarget {
  private static final String FIELD = "path";

  private final List<String> segments;
  private final int matched;

  private RequestTarget(List<String> segments, int matched) {
    this.segments = segments;
    this.matched = matched;
  }

  /**
   * @param matchedPath what routing has matched of the path so far (where the rest begins)
   * @throws InvalidValueException if the path does not decode, or hides a slash or NUL in an escape
   */
  static RequestTarget of(HttpRequest request, String matchedPath) {
    List<String> segments = new ArrayList<>();
    if (hasRawTarget(request)) {
      for (String raw : rawPath(request).substring(1).split("/", -1)) {
        segments.add(requireSegment(PercentDecoder.decode(FIELD, raw, false)));
      }
    } else {
      String decodedOnce = request.getUri().path();
      for (String segment : segmentsOf(request, decodedOnce)) {
        if (segment.indexOf('\ufffd') >= 0) {
          throw InvalidValueException.of(FIELD, "not valid UTF-8");
        }
        segments.add(requireSegment(segment));
      }
    }
    return new RequestTarget(List.copyOf(segments), matchedSegments(matchedPath, segments));
  }

  /**
   * The path behind the matched part, normalised: begins with {@code /}.
   *
   * @throws InvalidValueException if {@code ..} leads above it, or it breaks the rule of paths
   */
  public String rest() {
    return join(matched);
  }

  /**
   * The first segment behind the matched part as owner, what follows it as normalised path. A
   * missing rest is {@code /}.
   *
   * @throws InvalidValueException if either breaks its rule, or {@code ..} would leave the owner
   */
  public OwnerPath ownerAndRest() {
    if (segments.size() <= matched) {
      throw InvalidValueException.of("owner", "missing in the path");
    }
    String owner = segments.get(matched);
    if (owner.equals(".") || owner.equals("..")) {
      throw InvalidValueException.of("owner", "a dot segment cannot name an owner here");
    }
    return new OwnerPath(Owners.require("owner", owner), join(matched + 1));
  }

  /** The whole path, normalised. */
  public String whole() {
    return join(0);
  }

  /** An owner and a normalised path. */
  public record OwnerPath(String owner, String path) {}

  private String join(int from) {
    return Paths.normalize(
        FIELD,
        "/" + String.join("/", segments.subList(Math.min(from, segments.size()), segments.size())));
  }

  private static boolean hasRawTarget(HttpRequest request) {
    return request.protocol().value().startsWith("HTTP/1.")
        && request.getHeader(RawRequestURI.class).isPresent();
  }

  private static String rawPath(HttpRequest request) {
    String target = request.getHeader(RawRequestURI.class).map(RawRequestURI::uri).orElse("/");
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    if (!path.startsWith("/")) {
      // absolute form: scheme://authority/path
      int authority = path.indexOf("://");
      int slash = authority < 0 ? -1 : path.indexOf('/', authority + 3);
      if (authority < 0) {
        throw InvalidValueException.of(FIELD, "the request target begins with /");
      }
      path = slash < 0 ? "/" : path.substring(slash);
    }
    return path;
  }

  private static List<String> segmentsOf(HttpRequest request, String path) {
    List<String> segments = new ArrayList<>();
    request.getUri().pathSegments().forEach(segments::add);
    if (path.endsWith("/") || segments.isEmpty()) {
      segments.add("");
    }
    return segments;
  }

  private static String requireSegment(String segment) {
    if (segment.indexOf('/') >= 0) {
      throw InvalidValueException.of(FIELD, "an escaped slash is not allowed");
    }
    if (segment.indexOf('\0') >= 0) {
      throw InvalidValueException.of(FIELD, "NUL is not allowed");
    }
    return segment;
  }

  private static int matchedSegments(String matchedPath, List<String> segments) {
    if (matchedPath.isEmpty() || matchedPath.equals("/")) {
      return 0;
    }
    String[] expected = matchedPath.substring(1).split("/", -1);
    int count = expected[expected.length - 1].isEmpty() ? expected.length - 1 : expected.length;
    // routing saw the path with dot segments collapsed: the client's own must begin the same way
    for (int i = 0; i < count; i++) {
      if (i >= segments.size()
          || !segments.get(i).equals(PercentDecoder.decode(FIELD, expected[i], false))) {
        throw InvalidValueException.of(FIELD, "dot segments are not allowed here");
      }
    }
    return count;
  }
}
