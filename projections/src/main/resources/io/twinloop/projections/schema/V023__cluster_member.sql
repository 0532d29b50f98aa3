-- Which nodes have lately been alive. A node that starts and finds nobody founds no cluster beside theirs.
CREATE TABLE cluster_member (
  address TEXT PRIMARY KEY,
  seen_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
