/** Where the interface starts. */
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '@xyflow/react/dist/style.css';
import '@/shared/styles/tokens.css';
import '@/shared/styles/base.css';
import '@/shared/styles/shell.css';
import '@/shared/styles/canvas.css';
import '@/shared/styles/code.css';
import '@/shared/styles/lists.css';
import '@/shared/styles/design.css';
import '@/shared/styles/run.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from '@/app/App';
import { startTheme } from '@/shared/theme';

startTheme();
const root = document.getElementById('root');
if (!root) throw new Error('index.html has lost its root element');
createRoot(root).render(<StrictMode><App /></StrictMode>);
