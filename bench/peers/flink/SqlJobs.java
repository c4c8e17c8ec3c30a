import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Runs queries into a blackhole, one job after another, on Flink's own runtime within this process: a JobManager and a TaskManager with one
 * slot, rows handed on by its shuffle. State is on the heap; no checkpoints are taken.
 *
 * usage: java SqlJobs.java FILE ROWS, where FILE holds statements, each ended by a line of `;`. A statement that begins with SELECT is a job.
 * Prints one JSON line for each job: the rows it read, as told, and the seconds between the job's own start and end. The second job's seconds
 * stand in all behind it, as what reading alone takes.
 */
public class SqlJobs {
  public static void main(String[] args) throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("parallelism.default", "1");
    configuration.setString("pipeline.object-reuse", "true");
    TableEnvironment environment = TableEnvironment.create(
        EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(configuration).build());
    OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    double reading = -1;
    int sinks = 0;
    for (String statement : Files.readString(Path.of(args[0])).split("\n;\n")) {
      if (statement.isBlank()) continue;
      if (!statement.startsWith("SELECT")) {
        environment.executeSql(statement);
        continue;
      }
      String sink = "sink_" + sinks++;
      String columns = environment.sqlQuery(statement).getResolvedSchema().getColumns().stream()
          .map(column -> "`" + column.getName() + "` " + column.getDataType().getLogicalType().asSerializableString())
          .collect(Collectors.joining(", "));
      environment.executeSql("CREATE TABLE " + sink + " (" + columns + ") WITH ('connector' = 'blackhole')");
      long cpuBefore = machine.getProcessCpuTime();
      double seconds = environment.executeSql("INSERT INTO " + sink + " " + statement)
          .getJobClient().get().getJobExecutionResult().get().getNetRuntime() / 1e3;
      double cpuSeconds = (machine.getProcessCpuTime() - cpuBefore) / 1e9;
      if (sinks == 2) reading = seconds;
      System.out.println("{\"rows\":" + args[1] + ",\"seconds\":" + seconds + ",\"cpuSeconds\":" + cpuSeconds
          + ",\"peakRssMiB\":" + peakKiB() / 1024.0 + ",\"figures\":{\"readingSeconds\":" + reading + "}}");
    }
    System.exit(0);
  }

  static long peakKiB() throws Exception {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", ""));
    }
    return 0;
  }
}
