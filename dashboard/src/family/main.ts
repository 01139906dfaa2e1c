/** The family's page. */
import '../lib/style/base.css'
import { mount } from 'svelte'
import { reader } from '../lib/words'
import App from './App.svelte'

reader.isFamily = true
const target = document.getElementById('page')
if (target) mount(App, { target })
