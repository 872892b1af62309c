/** How the interface is bundled and tested. Fonts and workers stay files: the content security policy allows nothing inline. */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 900, target: ['es2022', 'safari16'] },
  server: { port: 5173, strictPort: true },
  clearScreen: false,
  test: { environment: 'jsdom', include: ['{src,scripts}/**/*.test.{ts,tsx}'] },
});
