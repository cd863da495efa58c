package dev.gapless.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.util.ByteString;

/**
 * Files of our own pages, out of the class path: without inline scripts and without anything from
 * another host, so that a strict Content-Security-Policy holds.
 */
public final class PageFile {
  static final String POLICY =
      "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

  private PageFile() {}

  /**
   * The answer that carries a file.
   *
   * @param beside the class whose package holds the folder {@code page} with it
   * @throws IllegalStateException if it is not there
   */
  public static HttpResponse answer(Class<?> beside, String name, ContentType type) {
    return HttpResponse.create()
        .withEntity(HttpEntities.create(type, load(beside, name)))
        .addHeader(RawHeader.create("Cache-Control", "no-cache"))
        .addHeader(RawHeader.create("Content-Security-Policy", POLICY))
        .addHeader(RawHeader.create("X-Content-Type-Options", "nosniff"))
        .addHeader(RawHeader.create("Referrer-Policy", "no-referrer"));
  }

  /** The same for everybody who asks. */
  public static Resource resource(Class<?> beside, String name, ContentType type) {
    HttpResponse answer = answer(beside, name, type);
    return resource((request, target) -> CompletableFuture.completedFuture(answer));
  }

  /** A page that depends on who asks. */
  public static Resource resource(Resource.Handler handler) {
    return Resource.create(Cors.of(java.util.List.of()))
        .on(HttpMethods.GET, handler)
        .on(HttpMethods.HEAD, handler);
  }

  /** What a button of a page does. */
  public static Resource action(Resource.Handler handler) {
    return Resource.create(Cors.of(java.util.List.of())).on(HttpMethods.POST, handler);
  }

  private static ByteString load(Class<?> beside, String name) {
    try (InputStream in = beside.getResourceAsStream("page/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the class path lacks the page's " + name);
      }
      return ByteString.fromArrayUnsafe(in.readAllBytes());
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
