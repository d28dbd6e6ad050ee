"""Networks from layer specs, trained by plain loops: `training` has the loop, the other files a task each."""
