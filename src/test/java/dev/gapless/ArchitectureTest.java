package dev.gapless;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import java.util.List;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Keeps the directions between our packages, and what each of them may touch. */
class ArchitectureTest {
  /** A package may use those that stand before it. {@code dev.gapless} is the package alone. */
  private static final List<String> ORDER =
      List.of(
          "dev.gapless.event..",
          "dev.gapless.log..",
          "dev.gapless.tail..",
          "dev.gapless.hub..",
          "dev.gapless.http..",
          "dev.gapless.files..",
          "dev.gapless.homeserver..",
          "dev.gapless",
          "dev.gapless.metrics..",
          "dev.gapless.cluster..",
          "dev.gapless.dashboard..",
          "dev.gapless.socket..",
          "dev.gapless.server..");

  private static JavaClasses main;

  @BeforeAll
  static void readClasses() {
    main =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.gapless");
  }

  static Stream<String> packagesWithLaterOnes() {
    return ORDER.stream().limit(ORDER.size() - 1);
  }

  @ParameterizedTest
  @MethodSource("packagesWithLaterOnes")
  void usesOnlyPackagesBeforeIt(String name) {
    String[] later = ORDER.subList(ORDER.indexOf(name) + 1, ORDER.size()).toArray(new String[0]);
    // an empty package would make the rule say nothing
    assertThat(main.that(resideInAPackage(name))).isNotEmpty();
    noClasses()
        .that()
        .resideInAPackage(name)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(later)
        .check(main);
  }

  @Test
  void everyClassIsInOneOfThesePackages() {
    classes()
        .should()
        .resideInAnyPackage(ORDER.toArray(new String[0]))
        .because("the order of a new package has to be decided here")
        .check(main);
  }

  @Test
  void eventsAreValuesWithoutInputOrOutput() {
    classes()
        .that()
        .resideInAPackage("dev.gapless.event..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.gapless.event..",
            "java.lang..",
            "java.util",
            "java.util.function",
            "java.util.stream",
            "java.util.regex",
            "java.util.zip",
            "java.time..",
            "java.math",
            "java.nio",
            "java.nio.charset",
            "org.jspecify.annotations")
        .check(main);
  }

  @Test
  void actorsAndStreamsAreNoBusinessOfTheLog() {
    noClasses()
        .that()
        .resideInAPackage("dev.gapless.log..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.pekko..")
        .check(main);
  }

  @Test
  void onlyTheHttpFacesKnowHttp() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.gapless.tail..", "dev.gapless.hub..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.pekko.http..")
        .check(main);
  }

  @Test
  void onlyTheServerUsesWhatTheLibraryDoesNotBring() {
    noClasses()
        .that(resideInAnyPackage("dev.gapless.server..").negate())
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "com.zaxxer.hikari..",
            "picocli..",
            "ch.qos.logback..",
            "net.logstash..",
            "org.apache.commons.compress..",
            "org.tukaani..")
        .because("these dependencies are optional: an embedding application may not have them")
        .check(main);
  }

  @Test
  void onlyTheClusterKnowsPekkoCluster() {
    noClasses()
        .that(resideInAnyPackage("dev.gapless.cluster..").negate())
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "org.apache.pekko.cluster..",
            "org.apache.pekko.remote..",
            "org.apache.pekko.management..")
        .because("no event may depend on the cluster, and these dependencies are optional")
        .check(main);
  }

  @Test
  void onlyMetricsAndServerKnowMicrometer() {
    noClasses()
        .that(resideInAnyPackage("dev.gapless.metrics..", "dev.gapless.server..").negate())
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.micrometer..", "io.prometheus..", "dev.gapless.metrics..")
        .because("these dependencies are optional: an embedding application may not have them")
        .check(main);
  }

  @Test
  void onlyTheServerWritesToTheConsole() {
    noClasses()
        .that(resideInAnyPackage("dev.gapless.server..").negate())
        .should(ACCESS_STANDARD_STREAMS)
        .check(main);
  }

  @Test
  void everythingLogsThroughSlf4j() {
    noClasses().should().dependOnClassesThat().resideInAPackage("java.util.logging").check(main);
  }

  @Test
  void whatAnActorLogsBearsItsName() {
    classes()
        .that(
            DescribedPredicate.describe(
                "log by their actor context", type -> calls(type, "getLog")))
        .should(
            ArchCondition.from(
                DescribedPredicate.describe(
                    "name their logger", type -> calls(type, "setLoggerName"))))
        .because("else it may be that of Pekko's ActorCell")
        .check(main);
  }

  private static boolean calls(JavaClass type, String method) {
    return type.getMethodCallsFromSelf().stream()
        .anyMatch(
            call ->
                call.getName().equals(method)
                    && call.getTargetOwner().isAssignableTo(ActorContext.class));
  }

  @Test
  void nothingSleeps() {
    noClasses()
        .that()
        // both wait for a database before there is an actor, on a thread of their own
        .doNotHaveFullyQualifiedName("dev.gapless.log.SchemaMigration")
        .and()
        .doNotHaveFullyQualifiedName("dev.gapless.server.DataSources")
        .should()
        .callMethodWhere(target(owner(type(Thread.class))).and(target(name("sleep"))))
        .because("timers and the scheduler do not hold a thread")
        .check(main);
  }
}
