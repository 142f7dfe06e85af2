// node client-process.mjs <bundle> <baseUrl> <file> <calls>: a process with a client whose storage is a file.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const [bundle, baseUrl, file, calls] = process.argv.slice(2);
const { createClient } = await import(pathToFileURL(bundle).href);

const storage = {
  getItem() {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return null;
    }
  },
  setItem(_key, value) {
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, value);
    renameSync(partial, file);
  },
  removeItem: () => rmSync(file, { force: true }),
};

const client = createClient({ baseUrl, storage });
for (let call = 0; call < Number(calls); call += 1) {
  const { username } = await client.users.get('me');
  process.stdout.write(`${username}\n`);
}
