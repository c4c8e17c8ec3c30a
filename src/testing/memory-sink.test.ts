import { MemorySink, MemoryStore } from './memory-sink.ts';
import { sinkContract } from './sink-contract.ts';

sinkContract('memory', async () => {
  const store = new MemoryStore();
  return {
    open: async () => new MemorySink(store),
    rows: async (table) => store.rows(table),
    async [Symbol.asyncDispose]() {},
  };
});
