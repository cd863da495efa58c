package dev.gapless.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpCharsets;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.util.ByteString;

/**
 * The page to look at: it subscribes with {@code EventSource}, shows what arrives, and writes and
 * deletes a file. Static files of the class path, without inline scripts and without anything from
 * another host, so that a strict Content-Security-Policy holds.
 */
final class BrowserPage {
  static final String POLICY =
      "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

  private BrowserPage() {}

  static Route route() {
    ContentType script = MediaTypes.APPLICATION_JAVASCRIPT.toContentType(HttpCharsets.UTF_8);
    Resource index = file("index.html", ContentTypes.TEXT_HTML_UTF8);
    Resource scripts = file("page.js", script);
    Resource styles = file("page.css", MediaTypes.TEXT_CSS.toContentType(HttpCharsets.UTF_8));
    Resource icon = file("icon.svg", MediaTypes.IMAGE_SVG_XML.toContentType());
    return Directives.concat(
        Directives.pathSingleSlash(index::route),
        Directives.path("page.js", scripts::route),
        Directives.path("page.css", styles::route),
        Directives.path("icon.svg", icon::route));
  }

  private static Resource file(String name, ContentType type) {
    HttpResponse answer =
        HttpResponse.create()
            .withEntity(HttpEntities.create(type, load(name)))
            .addHeader(RawHeader.create("Cache-Control", "no-cache"))
            .addHeader(RawHeader.create("Content-Security-Policy", POLICY))
            .addHeader(RawHeader.create("X-Content-Type-Options", "nosniff"))
            .addHeader(RawHeader.create("Referrer-Policy", "no-referrer"));
    Resource.Handler handler = (request, target) -> CompletableFuture.completedFuture(answer);
    return Resource.create(Cors.of(java.util.List.of()))
        .on(HttpMethods.GET, handler)
        .on(HttpMethods.HEAD, handler);
  }

  private static ByteString load(String name) {
    try (InputStream in = BrowserPage.class.getResourceAsStream("page/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the class path lacks the page's " + name);
      }
      return ByteString.fromArrayUnsafe(in.readAllBytes());
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
