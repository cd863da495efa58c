package dev.gapless.http;

import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpCharsets;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * The page to look at: it subscribes with {@code EventSource}, shows what arrives, and writes and
 * deletes a file.
 */
final class BrowserPage {
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
    return PageFile.resource(BrowserPage.class, name, type);
  }
}
