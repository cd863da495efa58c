package dev.gapless.http;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpMethod;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What keeps {@code open} mode to people on this machine: no foreign web page (Origin), no name
 * that was rebound to 127.0.0.1 (Host), no proxy (Forwarded).
 */
final class OpenModeRules {
  private static final Logger LOG = LoggerFactory.getLogger("dev.gapless.http.open-mode");
  private static final Pattern USER_KEY = Pattern.compile("[ybndrfg8ejkmcpqxot1uwisza345h769]{52}");
  private static final Pattern LOOPBACK_IPV4 = Pattern.compile("127(\\.\\d{1,3}){3}");
  private static final long LOG_EVERY_NANOS = 10_000_000_000L;

  private final boolean on;
  private final List<String> allowedOrigins;
  private final AtomicLong lastLogged = new AtomicLong(System.nanoTime() - LOG_EVERY_NANOS);

  private OpenModeRules(boolean on, List<String> allowedOrigins) {
    this.on = on;
    this.allowedOrigins = allowedOrigins;
  }

  static OpenModeRules on(List<String> allowedOrigins) {
    return new OpenModeRules(true, allowedOrigins);
  }

  static OpenModeRules off() {
    return new OpenModeRules(false, List.of());
  }

  /**
   * @throws ProblemException 403 if the request breaks a rule
   */
  void check(HttpRequest request, AccessGuard.HostRule hosts) {
    if (!on) {
      return;
    }
    Optional<String> origin = Optional.empty();
    Optional<String> hostHeader = Optional.empty();
    for (HttpHeader header : request.getHeaders()) {
      String name = header.lowercaseName();
      if (name.equals("forwarded") || name.startsWith("x-forwarded-")) {
        throw refuse("it came through a proxy (" + header.name() + ")");
      }
      if (name.equals("origin")) {
        origin = Optional.of(header.value());
      } else if (name.equals("host")) {
        hostHeader = Optional.of(header.value());
      }
    }
    requireHost(request.getUri().host().address(), hosts);
    hostHeader.ifPresent(value -> requireHost(withoutPort(value), hosts));
    if (origin.isPresent() && isWrite(request.method()) && !isOwn(origin.get(), request)) {
      throw refuse("it is a write from a foreign origin");
    }
  }

  static boolean isLoopbackName(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    return name.equals("localhost")
        || name.endsWith(".localhost")
        || name.equals("::1")
        || name.equals("[::1]")
        || name.equals("0:0:0:0:0:0:0:1")
        || LOOPBACK_IPV4.matcher(name).matches();
  }

  /** Whether a bound address takes connections of this machine only. */
  static boolean isLoopback(InetSocketAddress bound) {
    InetAddress address = bound.getAddress();
    return address != null && address.isLoopbackAddress();
  }

  private void requireHost(String host, AccessGuard.HostRule rule) {
    boolean userKey =
        rule == AccessGuard.HostRule.LOOPBACK_OR_USER_KEY && USER_KEY.matcher(host).matches();
    if (!userKey && !isLoopbackName(host)) {
      throw refuse("its Host does not name this machine");
    }
  }

  private boolean isOwn(String origin, HttpRequest request) {
    String scheme = request.getUri().getScheme();
    int port = request.getUri().port();
    // an Origin does not name the default port of its scheme
    boolean named = port > 0 && port != (scheme.equals("https") ? 443 : 80);
    String own = scheme + "://" + request.getUri().host().address() + (named ? ":" + port : "");
    return origin.equalsIgnoreCase(own) || allowedOrigins.contains(origin);
  }

  private static boolean isWrite(HttpMethod method) {
    return !method.equals(HttpMethods.GET)
        && !method.equals(HttpMethods.HEAD)
        && !method.equals(HttpMethods.OPTIONS);
  }

  private static String withoutPort(String host) {
    if (host.startsWith("[")) {
      int end = host.indexOf(']');
      return end < 0 ? host : host.substring(0, end + 1);
    }
    int colon = host.indexOf(':');
    return colon < 0 ? host : host.substring(0, colon);
  }

  private ProblemException refuse(String why) {
    long now = System.nanoTime();
    long last = lastLogged.get();
    if (now - last >= LOG_EVERY_NANOS && lastLogged.compareAndSet(last, now)) {
      LOG.warn(
          "refused a request: {}. gapless.auth.mode = open serves this machine only; use"
              + " gapless.auth.mode = tokens behind a proxy or for other hosts",
          why);
    }
    return Problem.of(403, "refused in open mode: " + why).asException();
  }
}
