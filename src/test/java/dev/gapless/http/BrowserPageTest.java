package dev.gapless.http;

import static org.apache.pekko.http.javadsl.server.Directives.concat;
import static org.apache.pekko.http.javadsl.server.Directives.pathPrefix;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The page asks nobody but its own node, and nothing that arrives can become markup or script. */
class BrowserPageTest {
  private static HttpTestServer server;

  @BeforeAll
  static void start() {
    server =
        HttpTestServer.start(
            concat(BrowserPage.route(), pathPrefix("mounted", BrowserPage::route)));
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  @Test
  void isServedUnderAnyPrefixWithItsFiles() throws IOException {
    for (String prefix : List.of("/", "/mounted/")) {
      Answer page = RawHttp.get(server.port(), prefix);
      assertThat(page.status()).isEqualTo(200);
      assertThat(page.header("content-type")).contains("text/html; charset=UTF-8");
      Matcher links = Pattern.compile("(?:src|href)=\"([^\"]+)\"").matcher(page.text());
      int files = 0;
      while (links.find()) {
        // relative: under the prefix, on this host
        assertThat(links.group(1)).matches("[a-z.]+");
        Answer file = RawHttp.get(server.port(), prefix + links.group(1));
        assertThat(file.status()).as(links.group(1)).isEqualTo(200);
        assertGuarded(file);
        files++;
      }
      assertThat(files).isEqualTo(3);
      assertGuarded(page);
    }
  }

  @Test
  void holdsNoInlineScriptAndSetsTextOnly() throws IOException {
    String page = RawHttp.get(server.port(), "/").text();
    assertThat(page)
        .doesNotContainPattern("<script(?![^>]*src=)")
        .doesNotContainPattern(" on[a-z]+=");
    assertThat(page).doesNotContain("style=\"").doesNotContain("<style");
    String script = RawHttp.get(server.port(), "/page.js").text();
    assertThat(script)
        .doesNotContain("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
        .contains("textContent");
    for (String control : List.of("open", "live", "heartbeat", "reset", "close")) {
      assertThat(script).contains("'gapless." + control + "'");
    }
  }

  private static void assertGuarded(Answer answer) {
    assertThat(answer.header("content-security-policy").orElse(""))
        .contains("default-src 'self'", "frame-ancestors 'none'");
    assertThat(answer.header("x-content-type-options")).contains("nosniff");
    assertThat(answer.header("referrer-policy")).contains("no-referrer");
  }
}
