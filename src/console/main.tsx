import { render } from 'preact';
import { App } from './app.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/inbox.css';
import './styles/transcript.css';
import './styles/pages.css';
import './styles/timeline.css';

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
