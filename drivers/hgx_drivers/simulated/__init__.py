"""A bench without hardware, with the physics, imperfections and failures of a real one."""
