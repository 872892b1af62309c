/**
 * Refuses imports that leave their room: app → features → api / platform / shared, and no feature imports another.
 * Also questions sizes: a file of the interface stays below 400 lines.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const root = new URL('../src', import.meta.url).pathname;
const allowed = {
  app: ['app', 'features', 'api', 'platform', 'shared', 'generated'],
  features: ['api', 'shared', 'generated'],
  api: ['api', 'platform', 'generated', 'shared'],
  platform: ['platform', 'generated'],
  shared: ['shared', 'generated'],
  generated: ['generated'],
};
const problems = [];

function walk(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) walk(path);
    else if (/\.tsx?$/.test(name)) check(path);
  }
}

function check(path) {
  const here = relative(root, path).split(sep);
  const room = here[0];
  if (!(room in allowed)) return;
  const text = readFileSync(path, 'utf8');
  if (room !== 'generated' && text.split('\n').length > 400) problems.push(`${here.join('/')}: longer than 400 lines`);
  for (const [, target] of text.matchAll(/from '(@\/[^']+)'|import\('(@\/[^']+)'\)/g)) {
    if (!target) continue;
    const [there, feature] = target.slice(2).split('/');
    const ownFeature = room === 'features' && there === 'features' && feature === here[1];
    if (!allowed[room].includes(there) && !ownFeature) problems.push(`${here.join('/')}: may not import ${target}`);
  }
  if (room !== 'platform' && /from '@tauri-apps/.test(text)) problems.push(`${here.join('/')}: only src/platform knows Tauri`);
  if (/from '\.\.\/\.\.\//.test(text)) problems.push(`${here.join('/')}: use @/ for other rooms`);
}

walk(root);
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);
