/** The family's page. */
import '../lib/style/base.css'
import { mount } from 'svelte'
import App from './App.svelte'

const target = document.getElementById('page')
if (target) mount(App, { target })
