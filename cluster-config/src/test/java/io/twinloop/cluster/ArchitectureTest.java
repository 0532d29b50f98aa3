package io.twinloop.cluster;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the arrows between the modules: who may see whom. */
class ArchitectureTest {

  private static final String DOMAIN = "io.twinloop.domain..";
  private static final String SERIALIZATION = "io.twinloop.serialization..";
  private static final String ENTITIES = "io.twinloop.entities..";
  private static final String PROJECTIONS = "io.twinloop.projections..";
  private static final String HTTP = "io.twinloop.http..";
  private static final String INTEGRATIONS = "io.twinloop.integrations..";
  private static final String PERSISTENCE = "io.twinloop.persistence..";
  private static final String CLUSTER = "io.twinloop.cluster..";
  private static final String CLIENT = "io.twinloop.client..";

  private static JavaClasses product;

  @BeforeAll
  static void readTheProduct() {
    product =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.twinloop");
  }

  @Test
  void shouldSeeEveryModule() {
    for (String module :
        new String[] {
          DOMAIN,
          SERIALIZATION,
          ENTITIES,
          PROJECTIONS,
          HTTP,
          INTEGRATIONS,
          PERSISTENCE,
          CLUSTER,
          CLIENT
        }) {
      String folder = module.substring(0, module.length() - 2);
      assertThat(product)
          .as("classes of %s", module)
          .anyMatch(type -> type.getPackageName().startsWith(folder));
    }
  }

  @Test
  void shouldKeepDomainFree() {
    holds(
        noClasses()
            .that()
            .resideInAPackage(DOMAIN)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                SERIALIZATION,
                ENTITIES,
                PROJECTIONS,
                HTTP,
                INTEGRATIONS,
                PERSISTENCE,
                CLUSTER,
                "org.apache.pekko..",
                "org.apache.kafka..",
                "io.lettuce..",
                "io.r2dbc..",
                "java.sql..",
                "java.net.http..",
                "java.nio.file.."));
  }

  @Test
  void shouldKeepTheClockOutOfDomain() {
    holds(
        noClasses()
            .that()
            .resideInAPackage(DOMAIN)
            .should()
            .callMethod(java.time.Instant.class, "now")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(java.util.UUID.class, "randomUUID"));
  }

  @Test
  void shouldLetSerializationSeeDomainAlone() {
    mustNotSee(SERIALIZATION, ENTITIES, PROJECTIONS, HTTP, INTEGRATIONS, PERSISTENCE, CLUSTER);
  }

  @Test
  void shouldLetEntitiesSeeNothingAboveThem() {
    mustNotSee(ENTITIES, PROJECTIONS, HTTP, INTEGRATIONS, PERSISTENCE, CLUSTER, "java.sql..");
  }

  @Test
  void shouldLetProjectionsSeeNothingAboveThem() {
    mustNotSee(PROJECTIONS, HTTP, INTEGRATIONS, PERSISTENCE, CLUSTER);
  }

  @Test
  void shouldLetHttpSeeNothingAboveIt() {
    mustNotSee(HTTP, INTEGRATIONS, PERSISTENCE, CLUSTER);
  }

  @Test
  void shouldLetIntegrationsSeeDomainAlone() {
    mustNotSee(INTEGRATIONS, SERIALIZATION, ENTITIES, PROJECTIONS, HTTP, PERSISTENCE, CLUSTER);
  }

  @Test
  void shouldKeepPersistenceFreeOfTheProduct() {
    mustNotSee(
        PERSISTENCE, DOMAIN, SERIALIZATION, ENTITIES, PROJECTIONS, HTTP, INTEGRATIONS, CLUSTER);
  }

  @Test
  void shouldLetTheClientKnowOnlyTheHttpContract() {
    mustNotSee(
        CLIENT,
        DOMAIN,
        SERIALIZATION,
        ENTITIES,
        PROJECTIONS,
        HTTP,
        INTEGRATIONS,
        PERSISTENCE,
        CLUSTER,
        "org.apache.pekko..",
        "org.apache.kafka..",
        "java.sql..");
  }

  @Test
  void shouldLetNothingSeeTheClient() {
    holds(
        noClasses()
            .that()
            .resideOutsideOfPackage(CLIENT)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(CLIENT));
  }

  private static void mustNotSee(String module, String... others) {
    holds(
        noClasses()
            .that()
            .resideInAPackage(module)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(others));
  }

  private static void holds(ArchRule rule) {
    rule.check(product);
  }
}
