import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Runs queries on Flink itself, as streams, over files of changes, and writes how the result of each changes into a file of Debezium's messages:
 * twenty queries a job. Reads base64 lines: the statements that declare the tables, an empty line, the folder to write into, then a query of texts
 * each. Answers `ran`, or `refused` and why.
 */
public class FinalTables {
  static TableEnvironment environment;

  public static void main(String[] args) throws Exception {
    environment = TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().build());
    environment.getConfig().set("table.local-time-zone", "UTC");
    environment.getConfig().set("parallelism.default", "1");
    // What a job has written is there when a checkpoint was made behind it.
    environment.getConfig().set("execution.checkpointing.interval", "1 s");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line; !(line = in.readLine()).isEmpty(); ) environment.executeSql(decode(line));
    String folder = decode(in.readLine());
    List<String> inserts = new ArrayList<>();
    List<String> answers = new ArrayList<>();
    List<Integer> taken = new ArrayList<>();
    for (String line; (line = in.readLine()) != null; ) {
      int at = answers.size();
      String query = decode(line);
      answers.add("ran");
      inserts.add("INSERT INTO r" + at + " " + query);
      try {
        StringBuilder columns = new StringBuilder();
        int width = environment.sqlQuery(query).getResolvedSchema().getColumnCount();
        for (int i = 0; i < width; i++) columns.append(i == 0 ? "" : ", ").append("c").append(i).append(" STRING");
        environment.executeSql("CREATE TABLE r" + at + " (" + columns + ") WITH ('connector' = 'filesystem', 'path' = '"
            + folder + "/" + at + "', 'format' = 'debezium-json')");
        environment.explainSql(inserts.get(at));
        taken.add(at);
      } catch (Throwable error) {
        answers.set(at, "refused " + encode(last(error)));
      }
    }
    for (int from = 0; from < taken.size(); from += 20) run(inserts, answers, taken.subList(from, Math.min(taken.size(), from + 20)));
    for (String answer : answers) System.out.println("ANSWER " + answer);
    System.exit(0);
  }

  static void run(List<String> inserts, List<String> answers, List<Integer> which) {
    try {
      StatementSet set = environment.createStatementSet();
      for (int at : which) set.addInsertSql(inserts.get(at));
      set.execute().await();
    } catch (Throwable error) {
      for (int at : which) answers.set(at, "failed " + encode(last(error)));
    }
  }

  static String last(Throwable error) {
    while (error.getCause() != null) error = error.getCause();
    return error.getClass().getSimpleName() + ": " + String.valueOf(error.getMessage()).split("\n")[0];
  }

  static String decode(String line) {
    return new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
  }

  static String encode(String text) {
    return "=" + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
