package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.server.LaunchSettings.Database.Embedded;
import dev.gapless.server.LaunchSettings.Database.External;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class ConfigSourcesTest {
  private static final String MARKER = "s3cr3t-m4rker";

  @TempDir Path directory;

  @Test
  void worksWithoutAnyFile() {
    LaunchSettings settings = load(Map.of());
    assertThat(settings.networkInterface()).isEqualTo("127.0.0.1");
    assertThat(settings.port()).isEqualTo(8080);
    assertThat(settings.node()).endsWith("-8080").matches("[A-Za-z0-9._-]+");
    assertThat(settings.tls()).isEmpty();
    assertThat(settings.h2c()).isFalse();
    assertThat(settings.database())
        .isInstanceOfSatisfying(
            Embedded.class,
            embedded -> assertThat(embedded.dataDirectory()).isEqualTo(directory.resolve("data")));
  }

  @Test
  void argumentsWinOverVariablesThatWinOverTheFileThatWinsOverDefaults() throws IOException {
    write("conf/application.conf", "gapless.server { port = 1, node = file, interface = \"::1\" }");
    Map<String, String> environment = Map.of("GAPLESS_PORT", "2", "GAPLESS_NODE", "variable");

    assertThat(load(Map.of()).port()).isEqualTo(1);
    assertThat(load(environment).port()).isEqualTo(2);
    LaunchSettings settings = load(environment, "--port", "3");
    assertThat(settings.port()).isEqualTo(3);
    assertThat(settings.node()).isEqualTo("variable");
    assertThat(settings.networkInterface()).isEqualTo("::1");
  }

  @Test
  void theConfigurationFileIsTheOneAskedFor() throws IOException {
    write("conf/application.conf", "gapless.server.port = 1");
    write("one.conf", "gapless.server.port = 2");
    write("other.conf", "gapless.server.port = 3");
    Map<String, String> environment = Map.of("GAPLESS_CONFIG", "one.conf");

    assertThat(load(environment).port()).isEqualTo(2);
    assertThat(load(environment, "--config", "other.conf").port()).isEqualTo(3);
    assertRefused(Map.of(), "--config: no readable file gone.conf", "--config", "gone.conf");
    assertRefused(Map.of("GAPLESS_CONFIG", "gone.conf"), "GAPLESS_CONFIG: no readable file");
    assertRefused(Map.of(), "--config: no readable file", "--config", ".");
  }

  @Test
  void anEmptyVariableIsNone() {
    assertThat(load(Map.of("GAPLESS_PORT", "", "GAPLESS_CONFIG", " ")).port()).isEqualTo(8080);
  }

  @Test
  void serverDefaultsWinOverTheLibrariesAndTheFileWinsOverThem() throws IOException {
    write("conf/application.conf", "pekko.http.server.backlog = 77");
    var config = sources(Map.of()).config();
    assertThat(config.getInt("pekko.http.server.backlog")).isEqualTo(77);
    assertThat(config.getString("pekko.http.server.parsing.max-content-length"))
        .isEqualTo("infinite");
    assertThat(config.getString("gapless.auth.mode")).isEqualTo("open");
  }

  @Test
  void openModeListensOnLoopbackOnly() throws IOException {
    assertRefused(Map.of(), "gapless.auth.mode", "--interface", "0.0.0.0");
    assertRefused(Map.of(), "gapless.auth.mode", "--interface", "::");
    assertThat(load(Map.of(), "--interface", "localhost").networkInterface())
        .isEqualTo("localhost");
    write("conf/application.conf", "gapless.auth.mode = tokens");
    assertThat(load(Map.of(), "--interface", "0.0.0.0").networkInterface()).isEqualTo("0.0.0.0");
    write("conf/application.conf", "gapless.auth.mode = sesame");
    assertRefused(Map.of(), "gapless.auth.mode", "--interface", "0.0.0.0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "65536", "many", "99999999999"})
  void aBadPortNamesItsKey(String port) {
    assertRefused(Map.of(), "gapless.server.port", "--port=" + port);
    assertRefused(Map.of("GAPLESS_PORT", port), "gapless.server.port");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "node = \"a b\"",
        "node = \"" + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" + "\"",
        "database.pool-size = 0",
        "database.pool-timeout = 0s",
        "database.start-timeout = soon",
        "shutdown-deadline = -1s",
        "tls.certificate = \"a.pem\"",
        "h2c = maybe",
        "interface = \"\"",
        "database.url = \"mysql://host/db\""
      })
  void badValuesInTheFileNameTheirKey(String line) throws IOException {
    write("conf/application.conf", "gapless.server { " + line + " }");
    String key = line.substring(0, line.indexOf(' ')).replace("tls.certificate", "tls");
    assertRefused(Map.of(), "gapless.server." + key);
  }

  @Test
  void aFileThatIsNoConfigurationIsRefused() throws IOException {
    write("conf/application.conf", "gapless { server {");
    assertRefused(Map.of(), "application.conf");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://host/db?user=a&password=" + MARKER,
        "jdbc:postgresql://host/db?PASSWORD=" + MARKER,
        "jdbc:postgresql://host/db?sslpassword=" + MARKER,
        "postgresql://a:" + MARKER + "@host/db"
      })
  void passwordsInArgumentsAreRefusedAndNotRepeated(String url) {
    assertRefused(Map.of(), "--database-url must not hold a password", "--database-url", url);
  }

  @Test
  void thePasswordComesFromVariableFileOrConfiguration() throws IOException {
    write("password", MARKER + "\nsecond line\n");
    String url = "jdbc:postgresql://db.example.org:6000/events?user=one";
    assertThat(external(Map.of("GAPLESS_DATABASE_PASSWORD", MARKER), url).password())
        .contains(MARKER);
    assertThat(external(Map.of("GAPLESS_DATABASE_PASSWORD_FILE", "password"), url).password())
        .contains(MARKER);
    write("conf/application.conf", "gapless.server.database.password = " + MARKER);
    DatabaseAddress address = external(Map.of("GAPLESS_DATABASE_USER", "two"), url);
    assertThat(address.password()).contains(MARKER);
    assertThat(address.toDataSource().getUser()).isEqualTo("two");
    assertThat(address.toString())
        .isEqualTo("db.example.org:6000/events")
        .doesNotContain(MARKER, "two");
    assertRefused(
        Map.of("GAPLESS_DATABASE_PASSWORD_FILE", "password"), "not both", "--database-url", url);
  }

  @Test
  void aUrlWithUserAndPasswordIsFineInTheEnvironment() {
    LaunchSettings settings =
        load(
            Map.of(
                "GAPLESS_DATABASE_URL", "postgres://me:p%40ss+1@db:6000/events?sslmode=require"));
    DatabaseAddress address = ((External) settings.database()).address();
    assertThat(address.toDataSource().getUser()).isEqualTo("me");
    assertThat(address.toDataSource().getPassword()).isEqualTo("p@ss+1");
    assertThat(address.toDataSource().getSslMode()).isEqualTo("require");
    assertThat(address.describe()).isEqualTo("db:6000/events");
    assertThat(settings.toString()).doesNotContain("p@ss+1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://h:notaport/db?password=" + MARKER,
        "postgres://me:" + MARKER + "@h h/db",
        "mysql://me:" + MARKER + "@h/db"
      })
  void aUrlThatIsWrongIsNotRepeated(String url) {
    assertRefused(Map.of("GAPLESS_DATABASE_URL", url), "gapless.server.database.url");
  }

  private DatabaseAddress external(Map<String, String> environment, String url) {
    return ((External) load(environment, "--database-url", url).database()).address();
  }

  private LaunchSettings load(Map<String, String> environment, String... arguments) {
    return LaunchSettings.from(sources(environment, arguments).config(), directory);
  }

  private ConfigSources sources(Map<String, String> environment, String... arguments) {
    CommandLineOptions options = new CommandLineOptions();
    new CommandLine(options).parseArgs(arguments);
    return ConfigSources.load(options, environment, directory);
  }

  private void assertRefused(Map<String, String> environment, String message, String... arguments) {
    assertThatThrownBy(() -> load(environment, arguments))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining(MARKER);
  }

  private void write(String name, String text) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
