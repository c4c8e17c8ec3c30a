import { flinkJars as clusterJars } from '../../src/testing/servers/flink-jars.ts';
import type { JarSet } from '../../src/testing/servers/maven-jars.ts';

/** Flink as the tests' cluster has it, in a process of its own that logs nothing. */
export const flinkJars: JarSet = {
  name: 'flink-1.20.3-silent',
  jars: [...clusterJars.jars.filter((jar) => !jar.startsWith('org.apache.logging.')), 'org.slf4j:slf4j-nop:1.7.36'],
};
