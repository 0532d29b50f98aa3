package io.twinloop.projections.organization;

import io.twinloop.domain.personaldata.PersonalToken;
import io.twinloop.projections.identity.Scope;
import io.twinloop.projections.organization.OrgNodeQueries.Filter;
import io.twinloop.projections.organization.OrgNodeQueries.NodeRow;
import io.twinloop.projections.personaldata.PersonalData;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Looks for nodes by a text, also where their labels are sealed: those are opened here, some
 * thousand at a time, for the database can't look into them.
 *
 * <p>A question looks at so many sealed labels at most; what it has found by then is the page, and
 * the next page goes on from there. An index of words, even of their digests, would tell who reads
 * the database which persons share a name, and would be one more thing to erase.
 */
public final class NodeSearch {

  private static final int LOOKED_AT_ONCE = 2_000;
  private static final int LOOKED_AT_MOST = 20_000;

  private final OrgNodeQueries queries;
  private final PersonalData personalData;

  public NodeSearch(OrgNodeQueries queries, PersonalData personalData) {
    this.queries = queries;
    this.personalData = personalData;
  }

  /** The same search, which finds nothing outside. */
  public NodeSearch within(Scope scope) {
    return new NodeSearch(queries.within(scope), personalData);
  }

  /**
   * What was found.
   *
   * @param next after which node the next page begins; empty when there is none
   */
  public record Page(List<NodeRow> nodes, Optional<String> next) {
    public Page {
      nodes = List.copyOf(nodes);
    }
  }

  /**
   * Nodes in order of id, after {@code after}.
   *
   * @param mayRead of whom the reader may see what is personal; of others only ids are looked at
   */
  public CompletionStage<Page> nodes(
      Filter filter, AsOf asOf, String after, int limit, Predicate<String> mayRead) {
    if (filter.text() == null) {
      return then(queries.nodes(filter, asOf, after, limit + 1), rows -> page(rows, limit, null));
    }
    return look(new Search(filter, asOf, limit, mayRead), after, new ArrayList<>(), 0);
  }

  private record Search(Filter filter, AsOf asOf, int limit, Predicate<String> mayRead) {}

  private CompletionStage<Page> look(
      Search search, String after, List<NodeRow> found, int lookedAt) {
    int batch = Math.max(LOOKED_AT_ONCE, search.limit() + 1);
    return queries
        .candidates(search.filter(), search.asOf(), after, batch)
        .thenComposeAsync(
            candidates ->
                matching(search, candidates)
                    .thenComposeAsync(
                        matching -> {
                          found.addAll(matching);
                          int all = lookedAt + candidates.size();
                          boolean over = candidates.size() < batch;
                          if (over || found.size() > search.limit() || all >= LOOKED_AT_MOST) {
                            String last = over ? null : lastOf(candidates);
                            return CompletableFuture.completedStage(
                                page(found, search.limit(), last));
                          }
                          return look(search, lastOf(candidates), found, all);
                        },
                        Runnable::run),
            Runnable::run);
  }

  private static String lastOf(List<NodeRow> rows) {
    return rows.get(rows.size() - 1).id();
  }

  private CompletionStage<List<NodeRow>> matching(Search search, List<NodeRow> candidates) {
    String text = lower(search.filter().text());
    return then(
        personalData.revealAll(candidates.stream().map(NodeRow::label).toList(), search.mayRead()),
        labels -> {
          List<NodeRow> matching = new ArrayList<>();
          for (int i = 0; i < candidates.size(); i++) {
            NodeRow row = candidates.get(i);
            if (!PersonalToken.isMarked(row.label())
                || lower(row.id()).contains(text)
                || lower(labels.get(i)).contains(text)) {
              matching.add(row);
            }
          }
          return matching;
        });
  }

  private static String lower(@Nullable String text) {
    return text == null ? "" : text.toLowerCase(Locale.ROOT);
  }

  /**
   * @param lookedUpTo where looking ended, absent when everything was looked at
   */
  private static Page page(List<NodeRow> found, int limit, @Nullable String lookedUpTo) {
    if (found.size() > limit) {
      List<NodeRow> shown = found.subList(0, limit);
      return new Page(shown, Optional.of(lastOf(shown)));
    }
    return new Page(found, Optional.ofNullable(lookedUpTo));
  }

  private static <A, B> CompletionStage<B> then(CompletionStage<A> stage, Function<A, B> next) {
    return stage.thenApplyAsync(next, Runnable::run);
  }
}
