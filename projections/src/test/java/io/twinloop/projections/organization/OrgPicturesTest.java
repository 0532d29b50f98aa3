package io.twinloop.projections.organization;

import static io.twinloop.domain.organization.NodeType.ORGANIZATION;
import static io.twinloop.domain.organization.NodeType.ORGANIZATION_UNIT;
import static io.twinloop.domain.organization.NodeType.PERSON;
import static io.twinloop.domain.organization.NodeType.PROCESS;
import static io.twinloop.domain.organization.RelationType.BELONGS_TO;
import static io.twinloop.domain.organization.RelationType.DEPENDS_ON;
import static io.twinloop.domain.organization.RelationType.MEASURED_BY;
import static io.twinloop.domain.organization.RelationType.OWNS_PROCESS;
import static io.twinloop.domain.organization.RelationType.PART_OF;
import static io.twinloop.projections.organization.Organisation.join;
import static io.twinloop.projections.organization.Organisation.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.twinloop.domain.organization.simulation.Picture;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The organisation read as one picture, for now and for an instant before. */
class OrgPicturesTest {

  @TempDir private static Path folder;
  private static Organisation twin;
  private static OrgPictures pictures;

  @BeforeAll
  static void start() throws IOException, SQLException {
    twin = new Organisation(folder);
    pictures = new OrgPictures(twin.database());
  }

  @AfterAll
  static void stop() {
    twin.close();
  }

  @BeforeEach
  void empty() {
    twin.empty();
  }

  /** Acme with sales, to which ada belongs and which owns offers, and a factory with bob. */
  private static void acme() {
    twin.has(ORGANIZATION, "acme")
        .has(ORGANIZATION_UNIT, "sales", "factory")
        .has(PERSON, "ada", "bob")
        .has(PROCESS, "offer", "weld")
        .hasKpi("speed", "Speed")
        .related("sales", PART_OF, "acme")
        .related("factory", PART_OF, "acme")
        .related("ada", BELONGS_TO, "sales")
        .related("bob", BELONGS_TO, "factory")
        .related("sales", OWNS_PROCESS, "offer")
        .related("weld", DEPENDS_ON, "offer")
        .related("offer", MEASURED_BY, "speed")
        .settle();
  }

  @Test
  void shouldTakeEverythingAsItIs() {
    acme();

    Picture picture = join(pictures.whole(AsOf.NOW));

    assertThat(picture.typeOf("ada")).isEqualTo(PERSON);
    assertThat(picture.node("offer").orElseThrow().label()).isEqualTo("The offer");
    assertThat(picture.sources(PART_OF, "acme")).containsExactly("factory", "sales");
    assertThat(picture.targets(BELONGS_TO, "ada")).containsExactly("sales");
    assertThat(picture.targets(MEASURED_BY, "offer")).as("a KPI is no node").isEmpty();
  }

  @Test
  void shouldTakeEverythingAsItWas() {
    acme();
    Instant before = twin.now();
    twin.at(before.plusSeconds(60))
        .unrelated("ada", BELONGS_TO, "sales")
        .related("ada", BELONGS_TO, "factory")
        .changed("sales", "Sales", with("headcount", 7))
        .retired("bob")
        .settle();

    Picture then = join(pictures.whole(new AsOf(before)));
    Picture now = join(pictures.whole(new AsOf(before.plusSeconds(60))));

    assertThat(then.targets(BELONGS_TO, "ada")).containsExactly("sales");
    assertThat(then.typeOf("bob")).isEqualTo(PERSON);
    assertThat(now.targets(BELONGS_TO, "ada")).containsExactly("factory");
    assertThat(now.sources(BELONGS_TO, "factory")).as("bob is gone").containsExactly("ada");
    assertThat(now.node("sales").orElseThrow().properties()).isEqualTo(with("headcount", 7));
    assertThat(join(pictures.whole(new AsOf(before.minusSeconds(1)))).typeOf("acme")).isNull();
  }

  @Test
  void shouldTakeTheUnitsAndWhatStandsInARelationToNodes() {
    acme();

    for (AsOf asOf : List.of(AsOf.NOW, new AsOf(twin.now()))) {
      Picture picture = join(pictures.around(List.of("sales", "moon"), asOf));

      assertThat(picture.typeOf("factory")).isEqualTo(ORGANIZATION_UNIT);
      assertThat(picture.sources(PART_OF, "acme")).containsExactly("factory", "sales");
      assertThat(picture.sources(BELONGS_TO, "sales")).containsExactly("ada");
      assertThat(picture.targets(OWNS_PROCESS, "sales")).containsExactly("offer");
      assertThat(picture.typeOf("bob")).isNull();
      assertThat(picture.typeOf("weld")).isNull();
      assertThat(picture.typeOf("moon")).isNull();
    }
  }

  @Test
  void shouldSayWhenThereIsTooMuch() {
    acme();
    OrgPictures small = new OrgPictures(twin.database(), 6);

    assertThatThrownBy(() -> join(small.whole(AsOf.NOW)))
        .hasRootCauseInstanceOf(OrgPictures.TooLargeException.class)
        .hasRootCauseMessage("The organisation has more than 6 nodes, which is the most.");
    assertThat(join(small.around(List.of("ada"), AsOf.NOW)).typeOf("ada")).isEqualTo(PERSON);
  }
}
